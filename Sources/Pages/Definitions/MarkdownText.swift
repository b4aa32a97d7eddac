import HTML

/// The text of a block in Markdown: code, links and emphasis.
enum MarkdownText {
    /// A link goes to a heading of the same text alone; of other links the text remains.
    ///
    /// - Parameter linksCommands: whether a command whose answer is a page is a link to it.
    static func markup(_ text: String, linksCommands: Bool = false) -> [Markup] {
        var pieces: [Markup] = []
        var plain = ""
        var rest = text[...]
        func flush() {
            if !plain.isEmpty { pieces.append(.text(plain)) }
            plain = ""
        }
        while let character = rest.first {
            if character == "`", let code = span(rest, "`") {
                flush()
                let words = Markup.element("code", [.text(String(code))])
                let question = linksCommands ? PageQuestion(typed: String(code)) : nil
                pieces.append(question.map { .element("a", ["href": $0.path()], [words]) } ?? words)
                rest = rest.dropFirst(code.count + 2)
            } else if rest.hasPrefix("**"), let strong = span(rest.dropFirst(), "*"),
                rest.dropFirst(strong.count + 3).first == "*"
            {
                flush()
                pieces.append(.element("strong", markup(String(strong))))
                rest = rest.dropFirst(strong.count + 4)
            } else if character == "[", let link = link(rest) {
                flush()
                let content = markup(String(link.text))
                pieces += link.target.hasPrefix("#") ? [.element("a", ["href": String(link.target)], content)] : content
                rest = rest.dropFirst(link.text.count + link.target.count + 4)
            } else if character == "\\", let next = rest.dropFirst().first, next.isPunctuation || next.isSymbol {
                plain.append(next)
                rest = rest.dropFirst(2)
            } else {
                plain.append(character)
                rest.removeFirst()
            }
        }
        flush()
        return pieces
    }

    /// The text between the mark at the beginning and the next one.
    private static func span(_ text: Substring, _ mark: Character) -> Substring? {
        let inner = text.dropFirst().prefix { $0 != mark }
        return inner.isEmpty || text.dropFirst(inner.count + 1).first != mark ? nil : inner
    }

    /// `[TEXT](TARGET)` at the beginning.
    private static func link(_ text: Substring) -> (text: Substring, target: Substring)? {
        let words = text.dropFirst().prefix { $0 != "]" }
        let rest = text.dropFirst(words.count + 2)
        guard rest.first == "(" else { return nil }
        let target = rest.dropFirst().prefix { $0 != ")" }
        return rest.dropFirst(target.count + 1).first == ")" ? (words, target) : nil
    }
}
