/// Maps numbers to pixels in proportion.
public struct LinearScale: Sendable, Equatable {
    public let domain: ClosedRange<Double>
    /// The pixels of the domain's ends; the first may be the larger one.
    public let range: (start: Double, end: Double)
    public let ticks: [Double]

    /// A scale with round ends: its domain is widened to ticks, and has zero in it.
    ///
    /// - Parameters:
    ///   - values: those that must be in the domain; numbers that are not finite are left out.
    ///   - count: about how many ticks.
    ///   - isWhole: whether ticks are whole numbers, as they are of things that are counted.
    public init(_ values: [Double], range: (start: Double, end: Double), count: Int = 4, isWhole: Bool = false) {
        let finite = values.filter { $0.isFinite }
        let (least, most) = (min(finite.min() ?? 0, 0), max(finite.max() ?? 0, 0))
        let top = least == 0 && most == 0 ? 1 : most
        ticks = Ticks.round(from: least, to: top, count: count, isWhole: isWhole)
        domain = (ticks.first ?? least)...(ticks.last ?? top)
        self.range = range
    }

    /// The pixel of a value.
    public func callAsFunction(_ value: Double) -> Double {
        let part = (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
        return range.start + part * (range.end - range.start)
    }

    public static func == (left: LinearScale, right: LinearScale) -> Bool {
        left.domain == right.domain && left.range == right.range && left.ticks == right.ticks
    }
}

/// A number with which one can reckon without an overflow; nil for what is none.
func drawable(_ value: Double?) -> Double? {
    value.flatMap { $0.isFinite ? min(max($0, -1e200), 1e200) : nil }
}
