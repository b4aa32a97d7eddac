import JSON

/// Facts about one thing for people: a line for each, with its name before it. On a terminal a list of names takes a
/// few lines at most, so that all of it fits the screen.
struct FactList {
    private static let indentation = 14
    /// The narrowest place for the names.
    private static let narrowest = 20

    private var lines: [String] = []
    /// nil for lines of any length.
    private let columns: Int?

    init(for terminal: Terminal) {
        columns = terminal.size.map { max(FactList.narrowest, $0.columns - FactList.indentation) }
    }

    var text: String { lines.joined(separator: "\n") }
    var count: Int { lines.count }

    /// A list of names with commas between them.
    ///
    /// - Parameter mostLines: the most lines on a terminal; the last one says how many names are left out.
    mutating func add(_ name: String, _ names: [String], mostLines: Int = 1) {
        let names = names.map { printable($0) }
        let folded = columns.map { FactList.folded(names, columns: $0, mostLines) } ?? [names.joined(separator: ", ")]
        let blank = String(repeating: " ", count: FactList.indentation)
        for (place, line) in folded.enumerated() {
            let head = place == 0 ? name + String(repeating: " ", count: FactList.indentation - name.count) : blank
            lines.append(line.isEmpty ? name : head + line)
        }
    }

    private static func folded(_ names: [String], columns: Int, _ mostLines: Int) -> [String] {
        var lines = [""]
        /// The place of the last line's first name.
        var start = 0
        for (place, name) in names.enumerated() {
            let rest = place == names.count - 1 ? "" : ","
            let fits = name.columns + rest.count <= columns
            let word = fits ? name + rest : name.prefix(columns: columns - rest.count - 1) + "…" + rest
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = word
            } else if last.columns + 1 + word.columns <= columns {
                lines[lines.count - 1] += " " + word
            } else if lines.count == mostLines {
                if mostLines > 1 { return lines.dropLast() + ["and \(names.count - start) more"] }
                // the only line keeps its beginning
                let more = " and \(names.count - place) more"
                return [last.prefix(columns: max(0, columns - more.columns)) + more]
            } else {
                lines.append(word)
                start = place
            }
        }
        return lines
    }
}
