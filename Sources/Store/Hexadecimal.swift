extension [UInt8] {
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

private func nibble(_ character: UInt8) -> UInt8 {
    switch character {
    case 48...57: character - 48
    case 65...70: character - 55
    case 97...102: character - 87
    default: 0
    }
}
