import Query

/// The lines above a table that say what it is about.
enum HeadText {
    private static let separator = "; "
    /// The width of lines without a terminal.
    private static let usualColumns = 80

    /// Lines that fit the terminal, broken between parts only. A part that is wider than a line is cut.
    static func folded(_ lines: [[String]], for terminal: Terminal) -> String {
        let columns = max(20, terminal.size?.columns ?? usualColumns)
        return lines.flatMap { folded($0, columns) }.joined(separator: "\n")
    }

    private static func folded(_ parts: [String], _ columns: Int) -> [String] {
        var lines: [String] = []
        for part in parts {
            let whole = part.columns > columns - 1 ? part.prefix(columns: columns - 2) + "…" : part[...]
            if let last = lines.last, last.columns + separator.count + whole.columns < columns {
                lines[lines.count - 1] = last + separator + whole
            } else {
                // a line that goes on ends with the separator
                if let last = lines.popLast() { lines.append(last + ";") }
                lines.append(String(whole))
            }
        }
        return lines
    }
}
