/// The double nearest to a JSON number (RFC 8259, section 6), or one very near to it.
///
/// It is the nearest one if the digits make less than 2^53 and the power of ten is at most 22 either way (Clinger, *How
/// to Read Floating Point Numbers Accurately*). All durations that a sender has rounded are of this kind. Beyond that,
/// each step rounds, and the error is some units in the last place. A number that is too large gives infinity.
package func decimalNumber(_ text: UnsafeRawBufferPointer) -> Double {
    var digits: UInt64 = 0
    var power = 0
    var position = 0
    let isNegative = text.first == UInt8(ascii: "-")
    if isNegative { position += 1 }
    var isFraction = false
    while position < text.count {
        if let digit = decimalDigit(text[position]) {
            // Digits after the nineteenth change only the power.
            if digits < 1_000_000_000_000_000_000 {
                digits = digits * 10 + UInt64(digit)
                if isFraction { power -= 1 }
            } else if !isFraction {
                power += 1
            }
        } else if text[position] == UInt8(ascii: ".") {
            isFraction = true
        } else {
            power += exponent(UnsafeRawBufferPointer(rebasing: text[(position + 1)...]))
            break
        }
        position += 1
    }
    guard digits != 0 else { return 0 }
    let magnitude = scaled(Double(digits), byTenTo: min(max(power, -400), 400))
    return isNegative ? -magnitude : magnitude
}

/// The number after an `e`, with its sign. If it has too many digits, the result is far out of a double's range.
private func exponent(_ text: UnsafeRawBufferPointer) -> Int {
    var value = 0
    for byte in text {
        if let digit = decimalDigit(byte) { value = min(value * 10 + digit, 1_000_000) }
    }
    return text.first == UInt8(ascii: "-") ? -value : value
}

private func scaled(_ value: Double, byTenTo power: Int) -> Double {
    var value = value
    var left = power.magnitude
    while left > 0 {
        let step = min(left, 22)
        var factor = 1.0
        for _ in 0..<step { factor *= 10 }
        value = power > 0 ? value * factor : value / factor
        left -= step
    }
    return value
}
