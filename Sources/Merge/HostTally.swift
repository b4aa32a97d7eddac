import Record

/// The records of one host on one day.
public struct HostDay: Sendable, Equatable {
    public let host: String
    /// Days since 1970-01-01 UTC.
    public let day: Int32
    public private(set) var records: Int64 = 0
    /// The times of the earliest and the latest record, microseconds since 1970 UTC.
    public private(set) var firstSeen = Int64.max
    public private(set) var lastSeen = Int64.min

    public init(host: String, day: Int32) {
        self.host = host
        self.day = day
    }

    public mutating func add(at time: Int64) {
        records += 1
        firstSeen = min(firstSeen, time)
        lastSeen = max(lastSeen, time)
    }

    mutating func add(_ other: HostDay) {
        records += other.records
        firstSeen = min(firstSeen, other.firstSeen)
        lastSeen = max(lastSeen, other.lastSeen)
    }
}

/// Counts records by host and day: those of the present batch, and those of earlier batches that the store has not
/// got yet.
///
/// A run keeps the host of its first process alone. So only these counts tell which hosts are heard of.
public struct HostTally: Sendable {
    private struct Key: Hashable {
        let host: HostHash?
        let day: Int32

        /// Of one word, because a host's hash is one already.
        func hash(into hasher: inout Hasher) {
            hasher.combine((host?.value ?? 0) &+ UInt64(truncatingIfNeeded: day))
        }
    }

    /// Names by their hashes.
    private var names: [HostHash: String] = [:]
    /// The counts of the batch, and where they are.
    private var batch: [HostDay] = []
    private var places: [Key: Int] = [:]
    private var pending: [Key: HostDay] = [:]
    private var recent = RecentPlaces()
    private static let mostNames = 200_000
    /// The place of records that name no host.
    private static let nowhere = -1

    /// The number of counts of finished batches that the store has not got.
    public var waiting: Int { pending.count }
    /// A larger number should not wait any longer.
    public static let mostWaiting = 50_000

    /// Those counts, in no order.
    public var forStore: [HostDay] { Array(pending.values) }

    /// Forgets the counts `forStore` once the store has them.
    public mutating func forgetStored() { pending.removeAll(keepingCapacity: true) }

    /// Counts a record. If its host is new and its sender may bring no new name, it counts as `other`.
    ///
    /// - Parameters:
    ///   - hash: that of the record's host; nil if it names none.
    ///   - keys: for the name of a host that no record has shown.
    mutating func count(
        _ record: UsageRecord, _ envelope: Envelope, _ hash: HostHash?, day: Int32, at time: Int64,
        named keys: inout RunKeyMaker
    ) {
        if let known = place(of: hash, day: day) { return count(known, at: time) }
        keys.budget.begin(envelope)
        let symbol = keys.symbol(record, .host, .host)
        // cut and replaced names count where a run has them
        _ = keys.takeClippedTexts()
        let name = keys.vocabulary.withBytes(of: symbol, .host) { String(decoding: $0, as: UTF8.self) }
        let isAdmitted = keys.budget.takeReplaced() == 0
        count(place(of: name, isAdmitted ? hash : nil, day: day), at: time)
    }

    /// Finds the place of a host that another record has shown.
    ///
    /// - Returns: nil if the host is not known.
    mutating func place(of host: HostHash?, day: Int32) -> Int? {
        guard let host else { return HostTally.nowhere }
        if let place = recent.place(of: host, day: day) { return place }
        let key = Key(host: host, day: day)
        guard let place = places[key] ?? names[host].map({ newPlace(key, $0) }) else { return nil }
        recent.note(place, of: host, day: day)
        return place
    }

    /// - Parameter hash: nil for the name that stands for many.
    private mutating func place(of name: String, _ hash: HostHash?, day: Int32) -> Int {
        if let hash { names[hash] = name }
        let key = Key(host: hash, day: day)
        return places[key] ?? newPlace(key, name)
    }

    mutating func count(_ place: Int, at time: Int64) {
        if place != HostTally.nowhere { batch[place].add(at: time) }
    }

    private mutating func newPlace(_ key: Key, _ name: String) -> Int {
        let place = batch.count
        places[key] = place
        batch.append(HostDay(host: name, day: key.day))
        return place
    }

    /// Keeps the counts of a batch that the store has otherwise.
    mutating func keepBatch() {
        for (key, place) in places where batch[place].records > 0 {
            pending[key, default: HostDay(host: batch[place].host, day: key.day)].add(batch[place])
        }
        if names.count > HostTally.mostNames { names.removeAll() }
    }

    mutating func forgetBatch() {
        batch.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        recent.forgetBatch()
    }
}

/// The places of the hosts of the last records. It finds most of them without a dictionary.
private struct RecentPlaces: Sendable {
    private struct Slot {
        var host: UInt64 = 0
        var day: Int32 = 0
        var place: Int32 = 0
        /// The batch that it belongs to.
        var batch: UInt64 = 0
    }

    private static let count = 1_024
    private var slots = [Slot](repeating: Slot(), count: count)
    private var batch: UInt64 = 1

    func place(of host: HostHash, day: Int32) -> Int? {
        let slot = slots[Int(truncatingIfNeeded: host.value) & (RecentPlaces.count - 1)]
        guard slot.host == host.value, slot.day == day, slot.batch == batch else { return nil }
        return Int(slot.place)
    }

    mutating func note(_ place: Int, of host: HostHash, day: Int32) {
        slots[Int(truncatingIfNeeded: host.value) & (RecentPlaces.count - 1)] = Slot(
            host: host.value, day: day, place: Int32(truncatingIfNeeded: place), batch: batch)
    }

    mutating func forgetBatch() { batch &+= 1 }
}
