import Store
import Synchronization
import Threads

/// Questions that wait for a connection, and those that are being asked.
package final class QuestionQueue: Sendable {
    /// A question on its way. It ends by an `ask` that does not throw, or else by `refuse`, once.
    package struct Question: Sendable {
        let number: UInt64
        let ask: @Sendable (any SQLConnection) throws(StoreError) -> Void
        let refuse: @Sendable (StoreError) -> Void

        package init(
            number: UInt64, ask: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Void,
            refuse: @escaping @Sendable (StoreError) -> Void
        ) {
            self.number = number
            self.ask = ask
            self.refuse = refuse
        }
    }

    enum Turn {
        case question(Question)
        /// There was none for a while.
        case idle
        case closed
    }

    private struct State {
        var waiting: [Question] = []
        var running: [UInt64: Run] = [:]
        var lastNumber: UInt64 = 0
        var isClosed = false
    }

    private struct Run {
        var activity: StoreActivity?
        var isCancelled = false
    }

    static let cancelled = StoreError.unavailable("the question was cancelled")
    package static let closed = StoreError.unavailable("no more questions are asked")

    private let longest: Int
    private let state = Mutex(State())
    private let signal = WakeSignal()

    /// - Parameter longest: how many questions may wait.
    init(longest: Int) { self.longest = longest }

    package func number() -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    /// Appends a question, or refuses it if the queue is full.
    package func add(_ question: Question) {
        let refusal: StoreError? = state.withLock { state in
            if state.isClosed { return Self.closed }
            if state.waiting.count >= longest { return .busy("\(longest) questions wait already") }
            state.waiting.append(question)
            return nil
        }
        if let refusal { question.refuse(refusal) } else { signal.notify() }
    }

    /// Refuses a waiting question, and interrupts a running one. A question that has ended is left alone.
    func cancel(_ number: UInt64) {
        let (refused, interrupted) = state.withLock { state -> (Question?, StoreActivity?) in
            if let place = state.waiting.firstIndex(where: { $0.number == number }) {
                return (state.waiting.remove(at: place), nil)
            }
            state.running[number]?.isCancelled = true
            return (nil, state.running[number]?.activity)
        }
        refused?.refuse(Self.cancelled)
        if let interrupted { Self.interrupt([interrupted]) }
    }

    /// Refuses all waiting questions, interrupts the running ones, and takes no more.
    func close() {
        let (refused, interrupted) = state.withLock { state -> ([Question], [StoreActivity]) in
            state.isClosed = true
            defer { state.waiting = [] }
            for number in state.running.keys { state.running[number]?.isCancelled = true }
            return (state.waiting, state.running.values.compactMap { $0.activity })
        }
        for question in refused { question.refuse(Self.closed) }
        Self.interrupt(interrupted)
        signal.notify()
    }

    /// The next question; waits for one for some time.
    func next(milliseconds: Int) -> Turn {
        let ticket = signal.ticket
        if let turn = turn() { return turn }
        signal.wait(since: ticket, milliseconds: milliseconds)
        return turn() ?? .idle
    }

    /// Says by which connection a question is asked.
    ///
    /// - Returns: false if it has been cancelled meanwhile.
    func begin(_ number: UInt64, _ activity: StoreActivity) -> Bool {
        state.withLock { state in
            state.running[number]?.activity = activity
            return state.running[number]?.isCancelled == false
        }
    }

    /// - Returns: false if it has been cancelled meanwhile.
    @discardableResult
    func end(_ number: UInt64) -> Bool {
        state.withLock { $0.running.removeValue(forKey: number)?.isCancelled == false }
    }

    private func turn() -> Turn? {
        state.withLock { state in
            if state.isClosed { return .closed }
            guard !state.waiting.isEmpty else { return nil }
            let question = state.waiting.removeFirst()
            state.running[question.number] = Run()
            return .question(question)
        }
    }

    /// Interrupts on a thread of its own, because a hanging server may take long to answer.
    private static func interrupt(_ activities: [StoreActivity]) {
        if activities.isEmpty { return }
        startThread("interrupt") { for activity in activities { activity.cancel() } }
    }
}
