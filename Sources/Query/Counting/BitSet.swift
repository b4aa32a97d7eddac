/// A set of small numbers, with a bit for each.
struct BitSet {
    private var words: [UInt64] = []

    init() {}

    /// - Parameter numbers: not negative.
    init(_ numbers: some Sequence<Int64>) { for number in numbers { set(number) } }

    /// - Parameter number: not negative.
    mutating func set(_ number: Int64) {
        let place = Int(number >> 6)
        if place >= words.count { words += [UInt64](repeating: 0, count: place + 1 - words.count) }
        words[place] |= 1 &<< UInt64(number & 63)
    }

    /// The number of members.
    var count: Int64 { words.reduce(0) { $0 + Int64($1.nonzeroBitCount) } }

    subscript(_ number: Int64) -> Bool {
        let place = Int(number >> 6)
        return number >= 0 && place < words.count && words[place] & 1 &<< UInt64(number & 63) != 0
    }
}
