/// Upper bounds of the widths of texts, as parts of their size.
///
/// The table has the wider one of Verdana and DejaVu Sans, which are the widest of the usual fonts without serifs.
package enum TextWidth {
    /// Of the characters from U+0020 to U+007E, thousandths of the size.
    private static let plain: [UInt16] = [
        352, 401, 460, 838, 637, 1076, 780, 275, 454, 454, 636, 838, 364, 454, 364, 454, 637, 637, 637, 637, 637, 637,
        637, 637, 637, 637, 454, 454, 838, 838, 838, 545, 1000, 685, 687, 699, 771, 632, 576, 775, 752, 421, 455, 693,
        558, 863, 749, 788, 604, 788, 695, 684, 616, 732, 685, 989, 686, 615, 686, 454, 454, 454, 838, 636, 636, 613,
        635, 550, 635, 616, 353, 635, 634, 278, 344, 592, 278, 975, 634, 612, 635, 635, 427, 521, 394, 634, 592, 818,
        592, 592, 525, 637, 454, 637, 838,
    ]

    /// Pixels. A text that is wider than any picture is not measured to its end.
    package static func of(_ text: String, size: Double) -> Double {
        var width = 0.0
        for scalar in text.unicodeScalars {
            width += of(scalar).width * size
            if width > 5_000 { break }
        }
        return width
    }

    /// - Returns: the width as a part of the size, and whether no usual font has a wider one.
    static func of(_ scalar: Unicode.Scalar) -> (width: Double, isCertain: Bool) {
        switch scalar.value {
        case ..<0x20, 0x7F: return (1.1, true)
        case ..<0x7F: return (Double(plain[Int(scalar.value) - 0x20]) / 1000, true)
        // letters of two letters: Ǆ to ǌ, Ǳ to ǳ
        case 0x1C4...0x1CC, 0x1F1...0x1F3: return (1.43, true)
        case 0xA0..<0x250: return (scalar.properties.isLowercase && !isLigature(scalar) ? 0.75 : 1.12, true)
        case 0x370..<0x400: return (scalar.properties.isLowercase ? 0.85 : 0.95, true)
        case 0x400..<0x530: return (scalar.properties.isLowercase ? 1 : 1.2, true)
        case 0x5D0...0x5EA: return (0.75, true)
        case 0x600...0x6FF: return (1.25, true)
        default: return ofOther(scalar)
        }
    }

    private static func ofOther(_ scalar: Unicode.Scalar) -> (width: Double, isCertain: Bool) {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return (0, true)
        // the joiner of emoji; others are written as U+FFFD
        case .format: return (scalar == "\u{200D}" ? 0 : 1.1, true)
        default: break
        }
        switch scalar.value {
        case 0x2026: return (1, true)
        case 0x2212: return (0.84, true)
        case 0x2030, 0x2031: return (1.75, true)
        case 0x2000..<0x2070, 0x2190..<0x2300, 0x25A0..<0x2600, 0xFFFD: return (1.1, true)
        // Hangul, kana, CJK, full forms
        case 0x1100..<0x1160, 0x2E80..<0xA4D0, 0xAC00..<0xD7B0, 0xF900..<0xFB00, 0xFE30..<0xFE70, 0xFF00..<0xFFE7,
            0x20000..<0x40000:
            return (1.1, true)
        default: return scalar.properties.isEmoji ? (1.4, true) : (1.5, false)
        }
    }

    /// Æ and Œ, and their small forms.
    private static func isLigature(_ scalar: Unicode.Scalar) -> Bool { scalar == "æ" || scalar == "œ" }
}

/// A text that is cut where its room ends.
package struct FittedText {
    package let text: String
    /// An upper bound, pixels.
    package let width: Double
    package let isCut: Bool
    /// Whether the bound holds in all usual fonts.
    package let isCertain: Bool
    /// The most scalars of one character; more, such as a pile of accents, is no name.
    private static let mostScalars = 16
    private static let ellipsis = 1.0

    /// - Parameter room: pixels.
    package init(_ text: String, size: Double, room: Double) {
        var (shown, width, isCertain) = ("", 0.0, true)
        // the text and the width up to where an ellipsis still fits
        var (short, shortWidth) = ("", 0.0)
        for character in text {
            let scalars = character.unicodeScalars
            let character = scalars.count > FittedText.mostScalars ? "\u{FFFD}" : character
            for scalar in character.unicodeScalars {
                let one = TextWidth.of(scalar)
                width += one.width * size
                isCertain = isCertain && one.isCertain
            }
            guard width <= room else {
                self.text = shortWidth + FittedText.ellipsis * size <= room ? short + "…" : ""
                self.width = shortWidth + FittedText.ellipsis * size
                self.isCertain = isCertain
                isCut = true
                return
            }
            shown.append(character)
            if width + FittedText.ellipsis * size <= room { (short, shortWidth) = (shown, width) }
        }
        (self.text, self.width, self.isCertain, isCut) = (shown, width, isCertain, false)
    }
}

/// The beginning of a text with an ellipsis, or all of it.
func shortened(_ text: String, to count: Int) -> String {
    // the index is found without a walk over a long text
    guard let end = text.index(text.startIndex, offsetBy: count, limitedBy: text.endIndex), end < text.endIndex else {
        return text
    }
    return text[..<end] + "…"
}

/// A text on several lines, broken between words; a word that is longer than a line is cut.
func wrapped(_ text: String, width: Double, size: Double, lines most: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
        if let last = lines.last, TextWidth.of(last + " " + word, size: size) <= width {
            lines[lines.count - 1] += " " + word
        } else if lines.count < most {
            lines.append(FittedText(String(word), size: size, room: width).text)
        } else {
            lines[most - 1] = FittedText(lines[most - 1] + " " + word, size: size, room: width).text
            break
        }
    }
    return lines
}
