extension JSONScanner {
    /// Replaces the escapes of a string (RFC 8259, section 7) in place, from its first backslash to its closing quote.
    ///
    /// PostgreSQL's text cannot hold U+0000, and UTF-8 cannot hold a surrogate without its other half; both become
    /// U+FFFD. An escape is never shorter than its replacement, so writing never overtakes reading. The bytes that
    /// become free before the quote are filled with spaces, so that the whole text stays UTF-8.
    ///
    /// - Parameter first: the first byte that is a backslash or a control character.
    /// - Returns: the end of the unescaped text, and the position after the closing quote.
    @inline(never)
    func unescapeString(
        from first: UnsafeMutablePointer<UInt8>
    ) throws(JSONError) -> (end: UnsafeMutablePointer<UInt8>, next: UnsafeMutablePointer<UInt8>) {
        var source = first
        var target = first
        while true {
            let byte = source.pointee
            switch byte {
            case UInt8(ascii: "\""):
                target.update(repeating: UInt8(ascii: " "), count: source - target)
                return (target, source + 1)
            case UInt8(ascii: "\\"):
                if source[1] == UInt8(ascii: "u") {
                    let (scalar, length) = try unicodeEscape(source)
                    target = write(scalar, to: target)
                    source += length
                } else {
                    target.pointee = try shortEscape(source[1])
                    target += 1
                    source += 2
                }
            case 0..<0x20: throw .syntax
            default:
                target.pointee = byte
                target += 1
                source += 1
            }
        }
    }

    private func shortEscape(_ letter: UInt8) throws(JSONError) -> UInt8 {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: throw .syntax
        }
    }

    /// The scalar of `\uXXXX` or of a surrogate pair of two such escapes, and the number of bytes that they take.
    private func unicodeEscape(_ source: UnsafeMutablePointer<UInt8>) throws(JSONError) -> (UInt32, Int) {
        guard let unit = hexUnit(source + 2) else { throw .syntax }
        switch unit {
        case 0, 0xDC00...0xDFFF: return (replacement, 6)
        case 0xD800...0xDBFF:
            guard source[6] == UInt8(ascii: "\\"), source[7] == UInt8(ascii: "u"), let low = hexUnit(source + 8),
                low >= 0xDC00, low <= 0xDFFF
            else { return (replacement, 6) }
            return (0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), 12)
        default: return (unit, 6)
        }
    }

    /// The value of four hexadecimal digits. It reads nothing after the first byte that is not such a digit.
    private func hexUnit(_ digits: UnsafeMutablePointer<UInt8>) -> UInt32? {
        var unit: UInt32 = 0
        for index in 0..<4 {
            switch digits[index] {
            case let digit where decimalDigit(digit) != nil: unit = unit << 4 | UInt32(digit & 0x0F)
            case let letter where letter | 0x20 >= UInt8(ascii: "a") && letter | 0x20 <= UInt8(ascii: "f"):
                unit = unit << 4 | UInt32(letter & 0x0F + 9)
            default: return nil
            }
        }
        return unit
    }

    private func write(_ scalar: UInt32, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var length = 0
        func append(_ byte: UInt32) {
            target[length] = UInt8(truncatingIfNeeded: byte)
            length += 1
        }
        switch scalar {
        case 0..<0x80: append(scalar)
        case 0x80..<0x800:
            append(0xC0 | scalar >> 6)
            append(0x80 | scalar & 0x3F)
        case 0x800..<0x10000:
            append(0xE0 | scalar >> 12)
            append(0x80 | scalar >> 6 & 0x3F)
            append(0x80 | scalar & 0x3F)
        default:
            append(0xF0 | scalar >> 18)
            append(0x80 | scalar >> 12 & 0x3F)
            append(0x80 | scalar >> 6 & 0x3F)
            append(0x80 | scalar & 0x3F)
        }
        return target + length
    }
}

/// U+FFFD REPLACEMENT CHARACTER.
private let replacement: UInt32 = 0xFFFD
