import Checksum
import Record

/// The identities of recent records, so that a message delivered twice counts once.
///
/// There are two generations. Identities go into the younger one, and both are searched. The younger becomes the older
/// one, which is forgotten, when it has held at least `minimumCount` for at least `minimumAge`, or `maximumCount` at
/// any age. So a duplicate is recognised among the last `minimumCount` records and within the last `minimumAge`, or
/// among the last `maximumCount` records if more came in that time. An identity is kept as 64 bits, hashed under a
/// random key, so that no sender can choose identities that collide. The chance that two different records are taken
/// for one is 2 in 10^13 a record.
public struct RecentIdentifiers: Sendable {
    /// The set's largest memory, in bytes: two generations, each a table at most half full, and once more the older
    /// half of one while it grows.
    public static func maximumBytes(maximumCount: Int = defaultMaximumCount) -> Int {
        5 * 8 * (maximumCount * 2).nextPowerOfTwo / 2
    }
    public static let defaultMaximumCount = 2_000_000

    /// The number of the first journal entry whose identity the set may still hold.
    public private(set) var oldestSequence: UInt64 = 0

    private var younger = Generation()
    private var elder = Generation()
    private let minimumCount: Int
    private let minimumAge: Int64
    private let maximumCount: Int
    private let hasher = SipHash13()

    /// - Parameters:
    ///   - minimumCount: the number of records among which a duplicate is always recognised.
    ///   - minimumAge: the time within which a duplicate is recognised, microseconds, up to `maximumCount` records.
    public init(
        minimumCount: Int = 1_000_000, minimumAge: Int64 = 600_000_000, maximumCount: Int = defaultMaximumCount
    ) {
        self.minimumCount = minimumCount
        self.minimumAge = minimumAge
        self.maximumCount = max(maximumCount, minimumCount)
    }

    /// Notes `id`, which arrived at `arrival` (microseconds) as the journal's entry `sequence`; false if it was known.
    public mutating func insert(_ id: RecordID, arrival: Int64, sequence: UInt64) -> Bool {
        let key = key(of: id)
        if elder.contains(key) { return false }
        guard younger.insert(key) else { return false }
        if younger.count == 1 {
            younger.began = arrival
            younger.firstSequence = sequence
        }
        let old = younger.count >= minimumCount && arrival - younger.began >= minimumAge
        if old || younger.count >= maximumCount {
            elder = younger
            younger = Generation()
            younger.firstSequence = sequence
            oldestSequence = elder.firstSequence
        }
        return true
    }

    public func contains(_ id: RecordID) -> Bool {
        let key = key(of: id)
        return younger.contains(key) || elder.contains(key)
    }

    private func key(of id: RecordID) -> UInt64 {
        let hash = hasher.hash(id.high, id.low)
        // 0 marks a free slot
        return hash == 0 ? 1 : hash
    }
}

/// A growing set of non-zero 64-bit keys with open addressing, at most half full.
private struct Generation: Sendable {
    var began: Int64 = 0
    var firstSequence: UInt64 = 0
    private(set) var count = 0
    private var slots = [UInt64](repeating: 0, count: 1 << 12)

    func contains(_ key: UInt64) -> Bool {
        var slot = Int(truncatingIfNeeded: key) & (slots.count &- 1)
        while true {
            let occupant = slots[slot]
            if occupant == key { return true }
            if occupant == 0 { return false }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
    }

    mutating func insert(_ key: UInt64) -> Bool {
        var slot = Int(truncatingIfNeeded: key) & (slots.count &- 1)
        while slots[slot] != 0 {
            if slots[slot] == key { return false }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        slots[slot] = key
        count += 1
        if count * 2 > slots.count { grow() }
        return true
    }

    private mutating func grow() {
        var larger = [UInt64](repeating: 0, count: slots.count * 2)
        for key in slots where key != 0 {
            var slot = Int(truncatingIfNeeded: key) & (larger.count - 1)
            while larger[slot] != 0 { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = key
        }
        slots = larger
    }
}

extension Int {
    fileprivate var nextPowerOfTwo: Int {
        self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
    }
}
