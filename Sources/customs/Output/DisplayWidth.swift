/// Numbers of columns that texts take on a terminal.
extension Character {
    /// 2 for wide ones (East Asian Width W and F in Unicode's Standard Annex 11, and emoji), 0 for those that combine
    /// with the character before them, 1 for others.
    var columns: Int {
        let scalars = unicodeScalars
        // a letter with its accents, or a family of emoji, is as wide as its widest part
        let widest = scalars.reduce(0) { max($0, $1.columns) }
        // U+FE0F asks for the colourful form
        let isColourful =
            scalars.count > 1 && scalars.contains("\u{FE0F}") && scalars.contains { $0.properties.isEmoji }
        return isColourful ? 2 : widest
    }
}

extension StringProtocol {
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// The longest beginning that fits into a number of columns.
    func prefix(columns limit: Int) -> SubSequence {
        var taken = 0
        return prefix { character in
            taken += character.columns
            return taken <= limit
        }
    }
}

extension Unicode.Scalar {
    fileprivate var columns: Int {
        if value < 0x300 { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        // vowels and finals of Hangul share the syllable's place
        if (0x1160...0x11FF).contains(value) { return 0 }
        if properties.isEmojiPresentation { return 2 }
        return Unicode.Scalar.wide.contains { $0.contains(value) } ? 2 : 1
    }

    /// Unicode 15.1, EastAsianWidth.txt; unassigned characters within a block are like the block.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD,
    ]
}
