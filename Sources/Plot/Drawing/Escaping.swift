/// A text as XML holds it, in an element or between quotes.
///
/// Controls of the terminal and of the writing direction are U+FFFD. The joiner of emoji stays: it moves nothing.
package func escaped(_ text: String) -> String {
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
        case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
        case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
        case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
        case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
        case " "..."~": escaped.append(scalar)
        default: escaped.append(isControl(scalar) ? "\u{FFFD}" : scalar)
        }
    }
    return String(escaped)
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    // not characters, which XML 1.0 forbids (section 2.2)
    if scalar.value & 0xFFFE == 0xFFFE { return true }
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: return true
    case .format: return scalar != "\u{200D}"
    default: return false
    }
}

/// A length or a place, rounded to a tenth of a pixel.
func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "0" }
    let tenths = Int64((value * 10).rounded())
    let (whole, rest) = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
    return (tenths < 0 ? "-" : "") + String(whole) + (rest == 0 ? "" : ".\(rest)")
}
