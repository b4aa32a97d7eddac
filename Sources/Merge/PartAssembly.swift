import Record

/// Records in parts, until all parts of each have arrived.
///
/// Their memory is bounded, in all and for each sender, at every part that comes. Beyond it the records of the sender
/// that holds the most are given up, the oldest first: they are taken as they are.
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
        /// Whether some of its parts came in an earlier batch, so that the store has them.
        let isStored: Bool
        /// Packages beyond the limit of a record.
        let clippedPackages: Int
    }

    private struct Waiting: Sendable {
        var packed: PackedRecord
        let envelope: Envelope
        /// A bit for each part.
        var seen: UInt64
        let parts: Int64
        let sequence: UInt64
        /// The time since which it waits.
        var since: Int64
        /// The batch of its first part; 0 for a part that the store held over a restart.
        let batch: Int

        /// Whether the same authority vouches for both: no sender adds to the record of another one.
        func isOf(_ other: Envelope) -> Bool { Sender(envelope) == Sender(other) }
    }

    /// What a sender holds.
    private struct Share {
        var bytes = 0
        var count = 0
        /// Its records in the order in which they came, and some that wait no more.
        var records: [RecordID] = []
        /// The index of the oldest one that may still wait.
        var first = 0
    }

    private var waiting: [RecordID: Waiting] = [:]
    private var shares: [Sender: Share] = [:]
    /// The memory of all waiting records.
    private(set) var byteCount = 0
    private var batch = 1
    private let maximumBytes: Int

    /// - Parameter maximumBytes: the memory of all waiting records.
    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    var isEmpty: Bool { waiting.isEmpty }

    func holds(_ id: RecordID) -> Bool { waiting[id] != nil }

    mutating func finishBatch() { batch += 1 }

    /// - Parameter isRestored: whether the store held the part over a restart.
    mutating func add(
        _ record: UsageRecord, _ envelope: Envelope, sequence: UInt64, isRestored: Bool = false
    ) -> Outcome {
        let bit: UInt64 = 1 << UInt64(truncatingIfNeeded: (record.part ?? 1) - 1)
        let sender = Sender(envelope)
        guard var known = waiting.removeValue(forKey: record.id) else {
            let packed = PackedRecord(record)
            waiting[record.id] = Waiting(
                packed: packed, envelope: envelope, seen: bit, parts: record.parts ?? 1, sequence: sequence,
                since: envelope.arrival, batch: isRestored ? 0 : batch)
            hold(record.id, packed.byteCount, sender)
            return .waits
        }
        guard known.seen & bit == 0, known.isOf(envelope) else {
            waiting[record.id] = known
            return .duplicate
        }
        let before = known.packed.byteCount
        known.seen |= bit
        known.packed.unite(with: record)
        waiting[record.id] = known
        if known.seen.nonzeroBitCount >= Int(known.parts) {
            charge(known.packed.byteCount - before, Sender(known.envelope))
            return take(record.id).map { .whole($0) } ?? .waits
        }
        charge(known.packed.byteCount - before, Sender(known.envelope))
        return .waits
    }

    /// Takes out a record that there is no room for: the oldest of a sender that holds more than a sender may, or of
    /// the sender that holds the most if all together hold too much.
    ///
    /// - Parameter sender: that of the last part; nil for any.
    /// - Returns: nil if there is room for all.
    mutating func giveUp(of sender: Sender?) -> Assembled? {
        var loser = sender.flatMap { isOver($0) ? $0 : nil }
        if loser == nil, byteCount > maximumBytes {
            loser = shares.max { $0.value.bytes < $1.value.bytes }?.key
        }
        return loser.flatMap { takeOldest(of: $0) }
    }

    /// Takes out the records that have waited for longer than `longestWait`, and those that there is no room for.
    ///
    /// A time in the future means that the clock was set back. Such a record waits from now on; otherwise it would wait
    /// until the clock has caught up.
    /// - Parameter limit: the largest number of records to take.
    mutating func expire(now: Int64, longestWait: Int64, limit: Int = .max) -> [Assembled] {
        for (id, value) in waiting where value.since > now { waiting[id]?.since = now }
        let expired = waiting.filter { $0.value.since < now - longestWait }
        let inOrder = expired.sorted {
            ($0.value.sequence, $0.key.high, $0.key.low) < ($1.value.sequence, $1.key.high, $1.key.low)
        }
        var taken = inOrder.prefix(limit).compactMap { take($0.key) }
        for sender in Array(shares.keys) {
            while taken.count < limit, let given = giveUp(of: sender) { taken.append(given) }
        }
        return taken
    }

    /// A sender may hold an eighth of the memory, and one that may stand for many half of it.
    private func isOver(_ sender: Sender) -> Bool {
        (shares[sender]?.bytes ?? 0) > maximumBytes / (sender.isMany ? 2 : 8)
    }

    private mutating func hold(_ id: RecordID, _ bytes: Int, _ sender: Sender) {
        byteCount += bytes
        var share = shares.removeValue(forKey: sender) ?? Share()
        share.bytes += bytes
        share.count += 1
        if share.records.count > 1_000 + 2 * share.count {
            share.records = share.records.dropFirst(share.first).filter {
                waiting[$0].map { Sender($0.envelope) } == sender
            }
            share.first = 0
        } else {
            share.records.append(id)
        }
        shares[sender] = share
    }

    private mutating func charge(_ bytes: Int, _ sender: Sender) {
        byteCount += bytes
        shares[sender]?.bytes += bytes
    }

    private mutating func takeOldest(of sender: Sender) -> Assembled? {
        while let share = shares[sender], share.first < share.records.count {
            let id = share.records[share.first]
            shares[sender]?.first += 1
            if let value = waiting[id], Sender(value.envelope) == sender { return take(id) }
        }
        return nil
    }

    private mutating func take(_ id: RecordID) -> Assembled? {
        guard let value = waiting.removeValue(forKey: id) else { return nil }
        let sender = Sender(value.envelope)
        charge(-value.packed.byteCount, sender)
        shares[sender]?.count -= 1
        if shares[sender]?.count == 0 { shares[sender] = nil }
        return Assembled(
            record: value.packed.record, envelope: value.envelope, messages: value.seen.nonzeroBitCount,
            sequence: value.sequence, isStored: value.batch < batch, clippedPackages: value.packed.clipped)
    }
}
