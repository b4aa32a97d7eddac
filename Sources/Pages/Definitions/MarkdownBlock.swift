import HTML

/// A block of a text in Markdown: of CommonMark what the project's documents use, and tables.
enum MarkdownBlock: Equatable {
    /// - Parameter level: 1 to 6.
    case heading(level: Int, String)
    case paragraph(String)
    case list([String])
    case numbered([String])
    case code(String)
    /// The first row is the head.
    case table([[String]])

    /// A text in blocks. What is none of the others is a paragraph.
    static func blocks(of text: String) -> [MarkdownBlock] {
        var reader = MarkdownReader(lines: text.split(separator: "\n", omittingEmptySubsequences: false)[...])
        return reader.blocks()
    }

    /// The name of a heading in addresses: its words, without `customs` at the beginning of a command.
    var anchor: String? {
        guard case .heading(_, let title) = self else { return nil }
        let words = title.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "_" }
        return (words.first == "customs" && words.count > 1 ? words.dropFirst() : words[...]).joined(separator: "-")
    }

    var markup: Markup {
        switch self {
        case .heading(let level, let title):
            let content = MarkdownText.markup(title)
            let names: KeyValuePairs<StaticString, String> = ["id": anchor ?? ""]
            switch level {
            case 1: return .element("h1", names, content).line
            case 2: return .element("h2", names, content).line
            default: return .element("h3", names, content).line
            }
        case .paragraph(let text): return .element("p", MarkdownText.markup(text)).line
        case .list(let items): return .element("ul", items.map { .element("li", MarkdownText.markup($0)).line }).line
        case .numbered(let items):
            return .element("ol", items.map { .element("li", MarkdownText.markup($0)).line }).line
        case .code(let text):
            return .element("pre", ["tabindex": "0"], [.element("code", [.text(text)])]).line
        case .table(let rows):
            let head = (rows.first ?? []).map { Markup.element("th", ["scope": "col"], MarkdownText.markup($0)) }
            let body = rows.dropFirst().map { row in
                Markup.element("tr", row.map { .element("td", MarkdownText.markup($0, linksCommands: true)) }).line
            }
            let region: KeyValuePairs<StaticString, String> = [
                "class": "scroll", "role": "region", "aria-label": (rows.first ?? []).joined(separator: ", "),
                "tabindex": "0",
            ]
            return .element(
                "div", region,
                [
                    .element(
                        "table",
                        [.element("thead", [.element("tr", head)]), .element("tbody", body)])
                ]
            ).line
        }
    }
}

/// Parts lines into blocks.
private struct MarkdownReader {
    var lines: ArraySlice<Substring>

    mutating func blocks() -> [MarkdownBlock] {
        var blocks: [MarkdownBlock] = []
        while let line = lines.first {
            if line.allSatisfy({ $0 == " " }) {
                lines.removeFirst()
            } else {
                blocks.append(block(line))
            }
        }
        return blocks
    }

    private mutating func block(_ line: Substring) -> MarkdownBlock {
        if line.hasPrefix("#") {
            lines.removeFirst()
            let level = line.prefix { $0 == "#" }.count
            return .heading(level: min(level, 6), String(line.dropFirst(level).drop { $0 == " " }))
        }
        if line.hasPrefix("```") { return fenced() }
        if line.hasPrefix("    ") { return indented() }
        if line.hasPrefix("|") { return table() }
        if line.hasPrefix("- ") { return .list(items { $0.hasPrefix("- ") ? $0.dropFirst(2) : nil }) }
        if line.first?.isNumber == true, MarkdownReader.numbered(line) != nil {
            return .numbered(items(MarkdownReader.numbered))
        }
        return .paragraph(paragraph())
    }

    private mutating func fenced() -> MarkdownBlock {
        lines.removeFirst()
        let code = lines.prefix { !$0.hasPrefix("```") }
        lines = lines.dropFirst(code.count + 1)
        return .code(code.joined(separator: "\n"))
    }

    private mutating func indented() -> MarkdownBlock {
        let code = lines.prefix { $0.hasPrefix("    ") }
        lines = lines.dropFirst(code.count)
        return .code(code.map { $0.dropFirst(4) }.joined(separator: "\n"))
    }

    private mutating func table() -> MarkdownBlock {
        let rows = lines.prefix { $0.hasPrefix("|") }
        lines = lines.dropFirst(rows.count)
        let cells = rows.map { row in MarkdownReader.cells(row) }
        let isRule = { (row: [String]) in row.allSatisfy { $0.allSatisfy { "-: ".contains($0) } } }
        return .table(cells.enumerated().filter { $0.offset != 1 || !isRule($0.element) }.map { $0.element })
    }

    /// The cells of a line. `\|` is a bar of the text.
    private static func cells(_ row: Substring) -> [String] {
        var cells: [String] = []
        var cell = ""
        var isEscaped = false
        for character in row.dropFirst() {
            if isEscaped {
                cell += character == "|" ? "|" : "\\" + String(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "|" {
                cells.append(trimmed(cell))
                cell = ""
            } else {
                cell.append(character)
            }
        }
        return cells
    }

    private static func trimmed(_ text: String) -> String {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    private static func numbered(_ line: Substring) -> Substring? {
        let rest = line.drop { $0.isNumber }
        return rest.hasPrefix(". ") ? rest.dropFirst(2) : nil
    }

    /// Items and the lines that go on with them.
    private mutating func items(_ begin: (Substring) -> Substring?) -> [String] {
        var items: [String] = []
        while let line = lines.first {
            if let text = begin(line) {
                items.append(String(text))
            } else if line.hasPrefix(" "), !items.isEmpty, line.contains(where: { $0 != " " }) {
                items[items.count - 1] += " " + line.drop { $0 == " " }
            } else {
                break
            }
            lines.removeFirst()
        }
        return items
    }

    private mutating func paragraph() -> String {
        var words: [Substring] = []
        while let line = lines.first, !line.allSatisfy({ $0 == " " }), !line.hasPrefix("|"), !line.hasPrefix("```"),
            !(line.hasPrefix("- ") && !words.isEmpty)
        {
            words.append(line.drop { $0 == " " })
            lines.removeFirst()
        }
        return words.joined(separator: " ")
    }
}
