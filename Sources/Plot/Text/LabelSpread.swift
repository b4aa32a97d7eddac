/// Labels beside each other that may not overlap.
package enum LabelSpread {
    /// Pushes places apart that are too close, as little as it takes from above, and keeps all within bounds if there
    /// is room for them.
    ///
    /// - Parameters:
    ///   - wanted: the wanted places, in any order.
    ///   - gap: the least distance of two.
    /// - Returns: the places in the order of `wanted`.
    package static func apart(_ wanted: [Double], gap: Double, within bounds: ClosedRange<Double>) -> [Double] {
        let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
        var places = order.map { min(max(wanted[$0], bounds.lowerBound), bounds.upperBound) }
        for index in places.indices.dropFirst() { places[index] = max(places[index], places[index - 1] + gap) }
        if var last = places.last, last > bounds.upperBound {
            last = bounds.upperBound
            for index in places.indices.reversed() {
                places[index] = min(places[index], last)
                last = places[index] - gap
            }
        }
        var spread = wanted
        for (place, index) in zip(places, order) { spread[index] = place }
        return spread
    }
}
