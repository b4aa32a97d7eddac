import Store

/// Processes and days of each pair of a user and an item used.
///
/// A year has ten million rows with some ten thousand pairs. Open addressing finds them in a fraction of a dictionary's
/// time.
struct UserStackSums {
    struct Entry {
        /// The user in the high half, the item in the low half: row numbers have 4 bytes.
        fileprivate let pair: UInt64
        private(set) var processes: Int64
        /// Days since 1970-01-01 UTC.
        private(set) var firstDay: UInt16
        private(set) var lastDay: UInt16
        /// Whether any of the usage is of runs that were not pruned.
        private(set) var hasRuns: Bool

        var user: Int64 { Int64(pair >> 32) }
        var key: Int64 { Int64(UInt32(truncatingIfNeeded: pair)) }

        /// Adds another entry of the same pair.
        fileprivate mutating func add(_ other: Entry) {
            processes &+= other.processes
            if other.firstDay < firstDay { firstDay = other.firstDay }
            if other.lastDay > lastDay { lastDay = other.lastDay }
            if other.hasRuns { hasRuns = true }
        }

        fileprivate func with(pair: UInt64) -> Entry {
            Entry(pair: pair, processes: processes, firstDay: firstDay, lastDay: lastDay, hasRuns: hasRuns)
        }
    }

    private static let nothing = Entry(pair: .max, processes: 0, firstDay: .max, lastDay: 0, hasRuns: false)
    /// The hash table; the number of slots is a power of two, at least twice the number of pairs.
    private var slots = [Entry](repeating: nothing, count: 1_024)
    private var count = 0
    /// Odd, and random, because senders can choose which pairs there are.
    private let multiplier = UInt64.random(in: .min ... .max) | 1

    var entries: some Sequence<Entry> { slots.lazy.filter { $0.pair != .max } }

    /// - Parameters:
    ///   - places: the indices of the rows that count.
    ///   - key: the item that was used in each row.
    mutating func add(_ rows: DayRows, _ places: [Int], key: [Int64]) {
        let (users, processes, flags) = (rows[.user], rows[.processes], rows[.flags])
        let day = UInt16(clamping: rows.day)
        for row in places {
            add(
                Entry(
                    pair: UserStackSums.pair(users[row], key[row]), processes: processes[row], firstDay: day,
                    lastDay: day,
                    hasRuns: flags[row] & DayRows.isPruned == 0))
        }
    }

    mutating func add(user: Int64, key: Int64, like use: Entry) { add(use.with(pair: UserStackSums.pair(user, key))) }

    mutating func add(user: Int64, key: Int64, processes: Int64, day: Int) {
        let day = UInt16(clamping: day)
        add(
            Entry(
                pair: UserStackSums.pair(user, key), processes: processes, firstDay: day, lastDay: day, hasRuns: true))
    }

    private mutating func add(_ entry: Entry) {
        let multiplier = multiplier
        let isNew = slots.withUnsafeMutableBufferPointer { slots in
            let place = UserStackSums.place(of: entry.pair, in: UnsafeBufferPointer(slots), multiplier)
            if slots[place].pair == entry.pair {
                slots[place].add(entry)
                return false
            }
            slots[place] = entry
            return true
        }
        if !isNew { return }
        count += 1
        if count * 2 > slots.count { grow() }
    }

    private mutating func grow() {
        let multiplier = multiplier
        var more = [Entry](repeating: UserStackSums.nothing, count: slots.count * 2)
        more.withUnsafeMutableBufferPointer { more in
            for entry in slots where entry.pair != .max {
                more[UserStackSums.place(of: entry.pair, in: UnsafeBufferPointer(more), multiplier)] = entry
            }
        }
        slots = more
    }

    /// The slot of the pair, or the free slot for it.
    @inline(__always)
    private static func place(
        of pair: UInt64, in slots: UnsafeBufferPointer<Entry>, _ multiplier: UInt64
    ) -> Int {
        let mask = slots.count - 1
        // the high bits of a product depend on all bits of the pair
        var place = Int(truncatingIfNeeded: (pair &* multiplier) >> 32) & mask
        while slots[place].pair != pair && slots[place].pair != .max { place = (place + 1) & mask }
        return place
    }

    private static func pair(_ user: Int64, _ key: Int64) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: user)) << 32 | UInt64(UInt32(truncatingIfNeeded: key))
    }
}
