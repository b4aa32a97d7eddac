import Record

/// The processes that snapshots told of and whose final record has not come.
///
/// Their number is bounded, in all and for each sender, here and so in the store too.
struct LivingProcesses: Sendable {
    struct Process: Sendable {
        /// Nil if it was told before a restart.
        let sender: Sender?
        /// Microseconds since 1970 UTC.
        let seen: Int64
    }

    private var processes: [RecordID: Process] = [:]
    private var counts: [Sender: Int] = [:]
    /// Snapshots in the present batch.
    private var written: [Sender: Int] = [:]
    /// The time of the last look for those that the store has dropped.
    private var cleaned: Int64 = 0

    /// A large machine: 8 processes on each of 8,000 nodes.
    static let most = 65_536
    /// The number for one sender, and for one that may stand for many.
    private static let mostOfSender = 4_096
    private static let mostOfMany = most / 2
    /// A sender's snapshots in one batch: each is a row of the store.
    private static let mostInBatch = 1_000
    private static let mostOfManyInBatch = 10_000

    init(_ known: Set<RecordID>) {
        for id in known { processes[id] = Process(sender: nil, seen: .max) }
    }

    var isEmpty: Bool { processes.isEmpty }

    subscript(id: RecordID) -> Process? {
        get { processes[id] }
        set {
            let before = processes[id]
            processes[id] = newValue
            if let sender = before?.sender {
                let left = counts[sender, default: 1] - 1
                counts[sender] = left > 0 ? left : nil
            }
            if let sender = newValue?.sender { counts[sender, default: 0] += 1 }
        }
    }

    /// Whether there is room for a snapshot.
    ///
    /// - Parameter now: its time of arrival.
    mutating func admits(_ id: RecordID, of sender: Sender, now: Int64) -> Bool {
        let count = written[sender, default: 0]
        guard count < (sender.isMany ? Self.mostOfManyInBatch : Self.mostInBatch) else { return false }
        if processes[id] == nil {
            let isFull = { (living: Self) in
                living.processes.count >= Self.most
                    || living.counts[sender, default: 0] >= (sender.isMany ? Self.mostOfMany : Self.mostOfSender)
            }
            if isFull(self) { forgetStale(now: now) }
            if isFull(self) { return false }
        }
        written[sender] = count + 1
        return true
    }

    mutating func finishBatch() { written.removeAll(keepingCapacity: true) }

    /// Forgets the processes that the store has dropped; at most once an hour.
    private mutating func forgetStale(now: Int64) {
        guard now < cleaned || now >= cleaned + Calendar.microsecondsPerDay / 24 else { return }
        cleaned = now
        let oldest = now - (Snapshot.lifetimeDays + 1) * Calendar.microsecondsPerDay
        for (id, process) in processes where process.seen < oldest { self[id] = nil }
        // from now on these have an age too
        for (id, process) in processes where process.seen == .max {
            processes[id] = Process(sender: process.sender, seen: now)
        }
    }
}
