/// Maps positive numbers to pixels by their logarithm.
public struct LogarithmicScale: Sendable, Equatable {
    public let domain: ClosedRange<Double>
    public let range: (start: Double, end: Double)
    /// Powers of ten.
    public let ticks: [Double]
    private let logarithms: ClosedRange<Double>

    /// - Parameter values: what is not positive has no logarithm, and is left out. What is below a billionth lies at
    ///   the start. One lies a third of a decade above
    ///   the start, so that a column of one can be seen.
    public init(_ values: [Double], range: (start: Double, end: Double)) {
        let positive = values.filter { $0.isFinite && $0 > 0 }
        let (least, most) = (positive.min() ?? 1, max(positive.max() ?? 1, 1))
        ticks = Ticks.decades(from: min(max(least, 1e-9), 1), to: most)
        let start = (ticks.first ?? 1) / 2
        let end = max(most, (ticks.first ?? 1) * 10)
        domain = start...end
        logarithms = logarithm(start)...logarithm(end)
        self.range = range
    }

    /// A value that is not positive is at the start.
    public func callAsFunction(_ value: Double) -> Double {
        guard value > 0 else { return range.start }
        let part = (logarithm(value) - logarithms.lowerBound) / (logarithms.upperBound - logarithms.lowerBound)
        return range.start + max(part, 0) * (range.end - range.start)
    }

    public static func == (left: LogarithmicScale, right: LogarithmicScale) -> Bool {
        left.domain == right.domain && left.range == right.range
    }
}

/// The logarithm of a positive number to base ten.
///
/// By the series of the inverse hyperbolic tangent, which is exact to 15 digits for a significand in [1, 2): the
/// standard library has no logarithm, and this module imports no other.
package func logarithm(_ value: Double) -> Double {
    let (ln2, ln10) = (0.693_147_180_559_945_3, 2.302_585_092_994_045_7)
    let ratio = (value.significand - 1) / (value.significand + 1)
    var (power, sum) = (ratio, 0.0)
    for odd in stride(from: 1, to: 33, by: 2) {
        sum += power / Double(odd)
        power *= ratio * ratio
    }
    return (2 * sum + Double(value.exponent) * ln2) / ln10
}

/// - Parameter exponent: of a finite number.
func powerOfTen(_ exponent: Int) -> Double {
    var power = 1.0
    for _ in 0..<min(abs(exponent), 400) { power *= 10 }
    return exponent < 0 ? 1 / power : power
}
