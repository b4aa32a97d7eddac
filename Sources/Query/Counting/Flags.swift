/// A set of small numbers.
struct Flags {
    private var isSet: [Bool] = []

    mutating func set(_ number: Int64) {
        let place = Int(number)
        if place >= isSet.count { isSet += [Bool](repeating: false, count: place + 1 - isSet.count) }
        isSet[place] = true
    }

    /// How many there are.
    var count: Int64 { isSet.reduce(0) { $0 + ($1 ? 1 : 0) } }

    subscript(_ number: Int64) -> Bool { number >= 0 && number < isSet.count && isSet[Int(number)] }
}
