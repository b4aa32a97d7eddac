/// Processes and days of each pair of a user and something used.
///
/// A year has ten million rows of some ten thousand such pairs: they are found by open addressing, in a fraction of a
/// dictionary's time.
struct UseSums {
    struct Entry {
        let user: Int64
        let key: Int64
        var processes: Int64
        /// Days since 1970-01-01 UTC.
        var firstDay: Int64
        var lastDay: Int64
    }

    private(set) var entries: [Entry] = []
    /// Places in `entries`, plus one; 0 where nothing is. A power of two, at least twice as many as there are entries.
    private var slots = [UInt32](repeating: 0, count: 1_024)

    mutating func add(user: Int64, key: Int64, processes: Int64, firstDay: Int64, lastDay: Int64) {
        let mask = slots.count - 1
        var slot = UseSums.hash(user, key) & mask
        while slots[slot] != 0 {
            let place = Int(slots[slot]) - 1
            if entries[place].user == user && entries[place].key == key {
                entries[place].processes &+= processes
                if firstDay < entries[place].firstDay { entries[place].firstDay = firstDay }
                if lastDay > entries[place].lastDay { entries[place].lastDay = lastDay }
                return
            }
            slot = (slot + 1) & mask
        }
        entries.append(Entry(user: user, key: key, processes: processes, firstDay: firstDay, lastDay: lastDay))
        slots[slot] = UInt32(entries.count)
        if entries.count * 2 > slots.count { grow() }
    }

    mutating func add(user: Int64, key: Int64, processes: Int64, day: Int) {
        add(user: user, key: key, processes: processes, firstDay: Int64(day), lastDay: Int64(day))
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for (place, entry) in entries.enumerated() {
            var slot = UseSums.hash(entry.user, entry.key) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(place + 1)
        }
    }

    /// Fibonacci hashing: the high bits of a product, which all bits of both numbers reach.
    private static func hash(_ user: Int64, _ key: Int64) -> Int {
        let word = UInt64(truncatingIfNeeded: user) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: key)
        return Int(truncatingIfNeeded: (word &* 0xD6E8_FEB8_6659_FD93) >> 32)
    }
}
