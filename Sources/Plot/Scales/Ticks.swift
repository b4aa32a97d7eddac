/// Round numbers on an axis.
public enum Ticks {
    /// Multiples of 1, 2 or 5 times a power of ten, from the last one at or below `least` to the first at or above
    /// `most`.
    ///
    /// - Parameters:
    ///   - most: more than `least`.
    ///   - count: about how many steps.
    public static func round(from least: Double, to most: Double, count: Int = 4, isWhole: Bool = false) -> [Double] {
        let raw = (most - least) / Double(max(count, 1))
        guard raw.isFinite, raw > 0, logarithm(raw) > -300 else { return [least, most] }
        var exponent = Int(logarithm(raw).rounded(.down))
        var factor = raw / powerOfTen(exponent)
        // a hair above, by rounding, is no reason for a larger step
        factor = factor <= 1.000_001 ? 1 : factor <= 2.000_001 ? 2 : factor <= 5.000_001 ? 5 : 10
        if isWhole, exponent < 0 { (factor, exponent) = (1, 0) }
        // a division by a power of ten gives the number nearest to the decimal one
        let scale = powerOfTen(abs(exponent))
        func multiple(_ index: Double) -> Double { exponent < 0 ? index * factor / scale : index * factor * scale }
        let step = multiple(1)
        let (start, end) = ((least / step + 1e-9).rounded(.down), (most / step - 1e-9).rounded(.up))
        return stride(from: start, through: end, by: 1).map { multiple($0) }
    }

    /// Powers of ten from the last one at or below `least` to the last one at or below `most`; both positive.
    ///
    /// Of more than eight decades each second or third is there.
    public static func decades(from least: Double, to most: Double) -> [Double] {
        let (first, last) = (
            Int((logarithm(least) + 1e-9).rounded(.down)), Int((logarithm(most) + 1e-9).rounded(.down))
        )
        return stride(from: first, through: max(first, last), by: 1 + (last - first) / 8).map { powerOfTen($0) }
    }
}
