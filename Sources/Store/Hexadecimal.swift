extension [UInt8] {
    /// Two lower-case digits a byte.
    public var hexadecimal: String {
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of pairs of hexadecimal digits; any other character counts as 0.
    init(hexadecimal text: Substring) {
        self = []
        var high: UInt8?
        for character in text.utf8 {
            let value = nibble(character)
            if let first = high {
                append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
    }
}

extension String {
    /// The text without white space at either end.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

private func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

private func nibble(_ character: UInt8) -> UInt8 {
    switch character {
    case 48...57: character - 48
    case 65...70: character - 55
    case 97...102: character - 87
    default: 0
    }
}
