/// Numbers of connections that can be drawn at random in constant time.
struct DrawPool {
    private var numbers: [Int32] = []
    private var places: [Int32: Int] = [:]

    /// The number of draws; the best one counts. So the youngest of many is seldom the one.
    private static let draws = 8

    var count: Int { numbers.count }

    mutating func insert(_ number: Int32) {
        if places[number] != nil { return }
        places[number] = numbers.count
        numbers.append(number)
    }

    mutating func remove(_ number: Int32) {
        guard let place = places.removeValue(forKey: number), let last = numbers.popLast() else { return }
        if last == number { return }
        numbers[place] = last
        places[last] = place
    }

    /// Of some numbers drawn at random the one that is first in the order; nil if there is none.
    func draw(inOrder order: (Int32) -> (Int, Int, UInt64)) -> Int32? {
        // a few are all looked at, so that the first of them is found for certain
        if numbers.count <= DrawPool.draws { return numbers.min { order($0) < order($1) } }
        let drawn = (0..<DrawPool.draws).compactMap { _ in numbers.randomElement() }
        return drawn.map { ($0, order($0)) }.min { $0.1 < $1.1 }?.0
    }
}
