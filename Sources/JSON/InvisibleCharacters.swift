/// The one escaping of texts from outside. JSON writes an invisible character as `\u`, and what a terminal shows has
/// U+FFFD in its place.
extension Unicode.Scalar {
    /// Whether the scalar has no shape of its own: control characters (C0, DEL and C1), which steer a terminal;
    /// controls of the writing direction; and characters of width zero, which make two texts look the same.
    public var isInvisible: Bool {
        // most texts are ASCII
        if value < 0x80 { return value < 0x20 || value == 0x7F }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return properties.isDefaultIgnorableCodePoint
        }
    }

    fileprivate var isPicture: Bool { value >= 0x80 && properties.isEmoji }
}

/// A text without line breaks, invisible characters or ways to steer a terminal. An emoji keeps its joiners.
public func printable(_ text: String) -> String {
    if text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 }) { return text }
    var shown = String.UnicodeScalarView()
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
        shown.append(scalar.isInvisible && !joinsPictures(scalars, at: index) ? "\u{FFFD}" : scalar)
    }
    return String(shown)
}

/// The printable lines of a text. A line feed ends a line; all other invisible characters but the tab are replaced.
public func printableLines(_ text: String) -> String {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        line.split(separator: "\t", omittingEmptySubsequences: false).map { printable(String($0)) }
            .joined(separator: "\t")
    }.joined(separator: "\n")
}

/// Whether the scalar asks for the colourful form of the emoji before it, or joins two emoji into one.
private func joinsPictures(_ scalars: [Unicode.Scalar], at index: Int) -> Bool {
    guard index > 0 else { return false }
    let before = scalars[index - 1]
    switch scalars[index] {
    case "\u{FE0F}": return before.isPicture
    case "\u{200D}":
        let follows = index + 1 < scalars.count && scalars[index + 1].isPicture
        let picture = before == "\u{FE0F}" && index > 1 ? scalars[index - 2] : before
        return follows && picture.isPicture
    default: return false
    }
}
