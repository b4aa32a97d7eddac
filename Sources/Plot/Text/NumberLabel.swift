/// Numbers as labels of marks and axes. The exact number is in the mark's title.
public enum NumberLabel {
    private static let units: [(size: Double, name: String)] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]

    /// A number beside a mark: whole below a million (`983,649`), then three digits (`1.66 M`).
    public static func value(_ value: Double) -> String { text(value, wholeBelow: 999_999.5, least: nil) }

    /// A number at an axis, short: `1,000`, `10 k`, `1.5 M`, `2e-3`.
    public static func tick(_ value: Double) -> String { text(value, wholeBelow: 10_000, least: 0.01) }

    private static func text(_ value: Double, wholeBelow bound: Double, least: Double?) -> String {
        guard value.isFinite else { return "-" }
        let size = abs(value)
        // a sign of the right width
        let sign = value < 0 ? "−" : ""
        if size < bound {
            if let least, size < least, size > 0 { return sign + scientific(size) }
            let label =
                size < 10
                ? decimal(size, places: least == nil ? 2 : 3) : size < 1_000 ? decimal(size, places: 1) : decimal(size)
            return label == "0" && size > 0 ? sign + "<0.01" : (label == "0" ? "" : sign) + label
        }
        for (place, unit) in units.enumerated() where size >= unit.size * 0.999_5 {
            // what has no larger unit keeps its digits
            if place == 0, size >= 1e15 { break }
            let part = size / unit.size
            return sign + decimal(part, places: part < 9.995 ? 2 : part < 99.95 ? 1 : 0) + " " + unit.name
        }
        return sign + scientific(size)
    }

    private static func scientific(_ size: Double) -> String {
        // the power of ten of a smaller one is none
        if size < 1e-300 { return "0" }
        let exponent = Int((logarithm(size) + 1e-9).rounded(.down))
        return decimal(size / powerOfTen(exponent), places: 1) + "e\(exponent)"
    }

    /// Digits with commas between groups of three; zeros at the end of a fraction are left out.
    private static func decimal(_ value: Double, places: Int = 0) -> String {
        let factor = Int64(powerOfTen(places))
        let (whole, rest) = Int64((value * Double(factor)).rounded()).quotientAndRemainder(dividingBy: factor)
        var digits = String(whole)
        for place in stride(from: digits.count - 3, to: 0, by: -3) {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: place))
        }
        if rest == 0 { return digits }
        var fraction = String(String(factor + rest).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        return digits + "." + fraction
    }
}
