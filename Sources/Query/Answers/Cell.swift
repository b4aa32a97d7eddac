import JSON
import Record

extension JSON {
    public var isNumber: Bool {
        switch self {
        case .integer, .real, .null: true
        default: false
        }
    }

    /// nil if it is not a number.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    /// The value as a cell of a table.
    public var cell: String {
        switch self {
        case .null: "-"
        case .integer(let value): grouped(value)
        // JSON and CSV have all digits
        case .real(let value): rounded(value)
        default: printable(plain)
        }
    }
}

/// Rounds to a thousandth, and to a tenth above a hundred.
private func rounded(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return String(value) }
    let places = abs(value) < 100 ? 1_000 : 10
    let parts = Int64((abs(value) * Double(places)).rounded()).quotientAndRemainder(dividingBy: Int64(places))
    let digits = String(places + Int(parts.remainder)).dropFirst()
    return (value < 0 && (parts.quotient, parts.remainder) != (0, 0) ? "-" : "") + grouped(parts.quotient) + "."
        + digits
}

/// The number with a comma after each group of three digits.
private func grouped(_ value: Int64) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text += "," }
        text.append(digit)
    }
    return value < 0 ? "-" + text : text
}
