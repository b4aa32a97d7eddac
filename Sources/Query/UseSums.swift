import Store

/// Processes and days of each pair of a user and something used.
///
/// A year has ten million rows of some ten thousand such pairs: they are found by open addressing, in a fraction of a
/// dictionary's time.
struct UseSums {
    struct Entry {
        /// The user in the high half, what was used in the low one: numbers of rows have 4 bytes.
        fileprivate let pair: UInt64
        private(set) var processes: Int64
        /// Days since 1970-01-01 UTC.
        private(set) var firstDay: Int32
        private(set) var lastDay: Int32

        var user: Int64 { Int64(pair >> 32) }
        var key: Int64 { Int64(UInt32(truncatingIfNeeded: pair)) }

        fileprivate init(pair: UInt64, processes: Int64, firstDay: Int32, lastDay: Int32) {
            self.pair = pair
            self.processes = processes
            self.firstDay = firstDay
            self.lastDay = lastDay
        }

        fileprivate mutating func add(_ other: Int64, _ first: Int32, _ last: Int32) {
            processes &+= other
            if first < firstDay { firstDay = first }
            if last > lastDay { lastDay = last }
        }
    }

    private static let nothing = Entry(pair: .max, processes: 0, firstDay: .max, lastDay: 0)
    /// A power of two, at least twice as many as there are pairs.
    private var slots = [Entry](repeating: nothing, count: 1_024)
    private var count = 0

    var entries: some Sequence<Entry> { slots.lazy.filter { $0.pair != .max } }

    /// - Parameters:
    ///   - places: which of the rows count.
    ///   - key: what was used in each row.
    mutating func add(_ rows: DayRows, _ places: [Int], key: [Int64]) {
        let (users, processes) = (rows[.user], rows[.processes])
        let day = Int32(truncatingIfNeeded: rows.day)
        for row in places { add(UseSums.pair(users[row], key[row]), processes[row], day, day) }
    }

    mutating func add(user: Int64, key: Int64, like use: Entry) {
        add(UseSums.pair(user, key), use.processes, use.firstDay, use.lastDay)
    }

    mutating func add(user: Int64, key: Int64, processes: Int64, day: Int) {
        let day = Int32(truncatingIfNeeded: day)
        add(UseSums.pair(user, key), processes, day, day)
    }

    private mutating func add(_ pair: UInt64, _ processes: Int64, _ first: Int32, _ last: Int32) {
        let isNew = slots.withUnsafeMutableBufferPointer { slots in
            let place = UseSums.place(of: pair, in: UnsafeBufferPointer(slots))
            if slots[place].pair == pair {
                slots[place].add(processes, first, last)
                return false
            }
            slots[place] = Entry(pair: pair, processes: processes, firstDay: first, lastDay: last)
            return true
        }
        if !isNew { return }
        count += 1
        if count * 2 > slots.count { grow() }
    }

    private mutating func grow() {
        var more = [Entry](repeating: UseSums.nothing, count: slots.count * 2)
        more.withUnsafeMutableBufferPointer { more in
            for entry in slots where entry.pair != .max {
                more[UseSums.place(of: entry.pair, in: UnsafeBufferPointer(more))] = entry
            }
        }
        slots = more
    }

    /// Where the pair is, or would be.
    @inline(__always)
    private static func place(of pair: UInt64, in slots: UnsafeBufferPointer<Entry>) -> Int {
        let mask = slots.count - 1
        // the high bits of a product, which all bits of the pair reach
        var place = Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while slots[place].pair != pair && slots[place].pair != .max { place = (place + 1) & mask }
        return place
    }

    private static func pair(_ user: Int64, _ key: Int64) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: user)) << 32 | UInt64(UInt32(truncatingIfNeeded: key))
    }
}
