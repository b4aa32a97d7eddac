import Store
import Threads

/// A small pool of read-only connections to the store, each used by a thread of its own.
///
/// libpq and SQLite block the thread that asks. The pool that runs tasks has no threads to spare, so a
/// task awaits its answer here. A connection is made when it is needed, and closed after a minute
/// without a question.
public final class StoreReader: Sendable {
    package let queue: QuestionQueue

    /// - Parameters:
    ///   - connections: how many questions are asked at the same time.
    ///   - longestQueue: how many further questions may wait.
    public convenience init(_ location: StoreLocation, connections: Int = 4, longestQueue: Int = 64) {
        self.init(connections: connections, longestQueue: longestQueue) { (activity) throws(StoreError) in
            try location.reader(activity: activity)
        }
    }

    /// - Parameter connect: makes a connection whose statements can be interrupted by the activity.
    init(
        connections: Int, longestQueue: Int,
        connect: @escaping @Sendable (StoreActivity) throws(StoreError) -> any SQLConnection
    ) {
        let queue = QuestionQueue(longest: longestQueue)
        self.queue = queue
        for number in 1...max(1, connections) {
            startThread("reader \(number)") {
                var thread = ReadingThread(queue: queue, connect: connect)
                thread.run()
            }
        }
    }

    deinit { queue.close() }

    /// Asks a question on one of the connections.
    ///
    /// A question whose connection turns out to be broken is asked again on a new one, so `question`
    /// only reads. A cancelled task interrupts the statement at hand.
    ///
    /// - Throws: `StoreError`; `.busy` if too many questions wait; `.unavailable` for a cancelled task.
    public func ask<Found: Sendable>(
        _ question: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Found
    ) async throws(StoreError) -> Found {
        let number = queue.number()
        let result: Result<Found, StoreError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.add(
                    QuestionQueue.Question(
                        number: number,
                        ask: { (connection) throws(StoreError) in
                            continuation.resume(returning: .success(try question(connection)))
                        }, refuse: { continuation.resume(returning: .failure($0)) }))
                // a cancellation before that found nothing to cancel
                if Task.isCancelled { queue.cancel(number) }
            }
        } onCancel: {
            queue.cancel(number)
        }
        return try result.get()
    }
}

/// One of the threads, with its connection.
private struct ReadingThread {
    private static let longestIdleMilliseconds = 60_000

    let queue: QuestionQueue
    let connect: @Sendable (StoreActivity) throws(StoreError) -> any SQLConnection
    private var link: (connection: any SQLConnection, activity: StoreActivity)?

    init(
        queue: QuestionQueue, connect: @escaping @Sendable (StoreActivity) throws(StoreError) -> any SQLConnection
    ) {
        self.queue = queue
        self.connect = connect
    }

    mutating func run() {
        while true {
            switch queue.next(milliseconds: Self.longestIdleMilliseconds) {
            case .question(let question): answer(question)
            case .idle: link = nil
            case .closed: return
            }
        }
    }

    private mutating func answer(_ question: QuestionQueue.Question) {
        let isKept = link != nil
        var failure = attempt(question)
        if isKept, failure != nil, link == nil { failure = attempt(question) }
        let isWanted = queue.end(question.number)
        if link?.activity.isCancelled == true { link = nil }
        if let failure { question.refuse(isWanted ? failure : QuestionQueue.cancelled) }
    }

    /// - Returns: the error if there is no answer; an unusable connection has been dropped then.
    private mutating func attempt(_ question: QuestionQueue.Question) -> StoreError? {
        let activity = link?.activity ?? StoreActivity()
        guard queue.begin(question.number, activity) else { return QuestionQueue.cancelled }
        do throws(StoreError) {
            if link == nil { link = (try connect(activity), activity) }
            if let link { try question.ask(link.connection) }
            return nil
        } catch {
            if error.needsNewConnection { link = nil }
            return error
        }
    }
}
