import Record

/// Records in parts, until all parts of each have arrived.
struct PartAssembly: Sendable {
    enum Outcome {
        /// The record waits for further parts.
        case waits
        /// This part had arrived before.
        case duplicate
        /// The record is complete: the packages of all its parts, and the number of its messages.
        case whole(Assembled)
    }

    struct Assembled {
        var record: UsageRecord
        let envelope: Envelope
        let messages: Int
        let sequence: UInt64
    }

    private struct Waiting: Sendable {
        var assembled: UsageRecord
        let envelope: Envelope
        var seen: Set<Int64>
        let parts: Int64
        let sequence: UInt64
        /// The time since which it waits.
        var since: Int64
    }

    private var waiting: [RecordID: Waiting] = [:]
    /// A limit, so that an attacker's first parts cannot fill the memory: beyond it, the oldest record is taken
    /// incomplete.
    private let maximumWaiting = 10_000

    var isEmpty: Bool { waiting.isEmpty }

    func holds(_ id: RecordID) -> Bool { waiting[id] != nil }

    mutating func add(_ record: UsageRecord, _ envelope: Envelope, sequence: UInt64) -> Outcome {
        let part = record.part ?? 1
        let parts = record.parts ?? 1
        guard var known = waiting[record.id] else {
            if parts == 1 {
                return .whole(Assembled(record: record, envelope: envelope, messages: 1, sequence: sequence))
            }
            waiting[record.id] = Waiting(
                assembled: record, envelope: envelope, seen: [part], parts: parts, sequence: sequence,
                since: envelope.arrival)
            return .waits
        }
        guard known.seen.insert(part).inserted else { return .duplicate }
        known.assembled.unite(with: record)
        if known.seen.count >= Int(known.parts) {
            waiting[record.id] = nil
            return .whole(
                Assembled(
                    record: known.assembled, envelope: known.envelope, messages: known.seen.count,
                    sequence: known.sequence))
        }
        waiting[record.id] = known
        return .waits
    }

    /// Takes out the records that have waited for longer than `longestWait`, and the oldest of those over the limit.
    ///
    /// A time in the future means that the clock was set back. Such a record waits from now on; otherwise it would wait
    /// until the clock has caught up.
    /// - Parameter limit: the largest number of records to take.
    mutating func expire(now: Int64, longestWait: Int64, limit: Int = .max) -> [Assembled] {
        for (id, value) in waiting where value.since > now { waiting[id]?.since = now }
        var expired = waiting.filter { $0.value.since < now - longestWait }
        if waiting.count - expired.count > maximumWaiting {
            let oldest = waiting.sorted { $0.value.since < $1.value.since }
            for (id, value) in oldest.prefix(waiting.count - maximumWaiting) { expired[id] = value }
        }
        let inOrder = expired.sorted {
            ($0.value.sequence, $0.key.high, $0.key.low) < ($1.value.sequence, $1.key.high, $1.key.low)
        }
        return inOrder.prefix(limit).map { id, value in
            waiting[id] = nil
            return Assembled(
                record: value.assembled, envelope: value.envelope, messages: value.seen.count, sequence: value.sequence)
        }
    }
}
