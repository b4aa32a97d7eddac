import JSON
import Query

/// Rows under headings, for people.
struct TextTable {
    private let headings: [String]
    private let rows: [[JSON]]
    /// The place of the column that a terminal shows as bars.
    private let bar: Int?

    private static let bold = "\u{1B}[1m"
    private static let usual = "\u{1B}[0m"
    private static let narrowestText = 8

    /// - Parameters:
    ///   - short: headings in the place of others, by the columns' names.
    ///   - hasBars: whether a terminal shows the answer's measure as bars.
    init(_ answer: Answer, headings short: [String: String] = [:], hasBars: Bool = true) {
        headings = answer.columns.map { short[$0.name] ?? $0.heading }
        rows = answer.rows
        bar = hasBars ? answer.measure : nil
    }

    /// Columns padded to one width, numbers to the right. On a terminal the texts are cut so that a row fits into its
    /// line.
    func formatted(for terminal: Terminal) -> String {
        let cells = rows.map { row in row.map { $0.cell } }
        let numeric = headings.indices.map { column in !rows.isEmpty && rows.allSatisfy { $0[column].isNumber } }
        var widths = headings.map { $0.columns }
        for row in cells {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.columns) }
        }
        var barWidth = 0
        if let columns = terminal.size?.columns {
            fit(&widths, numeric, in: columns)
            let taken = widths.reduce(0) { $0 + $1 + 2 }
            if bar != nil, columns - taken >= 10 { barWidth = min(40, columns - taken) }
        }
        func line(_ cells: [String]) -> String {
            var text = ""
            for (index, cell) in cells.enumerated() {
                let isCut = cell.columns > widths[index]
                let shown = isCut ? cell.prefix(columns: widths[index] - 1) + "…" : cell[...]
                let padding = String(repeating: " ", count: widths[index] - shown.columns)
                text += (index == 0 ? "" : "  ") + (numeric[index] ? padding + shown : shown + padding)
            }
            return text
        }
        let bars = barWidth > 0 ? self.bars(barWidth) : []
        let lines = cells.enumerated().map { index, row in
            trimmed(bars.isEmpty ? line(row) : line(row) + "  " + bars[index])
        }
        let head = trimmed(line(headings))
        return ([terminal.hasColour ? TextTable.bold + head + TextTable.usual : head] + lines).joined(separator: "\n")
    }

    /// Shortens the widest text column until all columns fit, or none can be shortened further.
    private func fit(_ widths: inout [Int], _ numeric: [Bool], in columns: Int) {
        var excess = widths.reduce(0) { $0 + $1 + 2 } - 2 - columns
        while excess > 0 {
            let texts = widths.indices.filter { !numeric[$0] && widths[$0] > TextTable.narrowestText }
            guard let widest = texts.max(by: { widths[$0] < widths[$1] }) else { return }
            widths[widest] -= 1
            excess -= 1
        }
    }

    /// Bars in eighths of a character; the longest one fills the width.
    private func bars(_ width: Int) -> [String] {
        guard let column = bar else { return [] }
        let values = rows.map { $0[column].number ?? 0 }
        let most = values.max() ?? 0
        guard most > 0 else { return [] }
        let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return values.map { value in
            let length = Int((value / most * Double(width * 8)).rounded(.up))
            return String(repeating: "█", count: length / 8) + eighths[length % 8]
        }
    }
}

private func trimmed(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
}
