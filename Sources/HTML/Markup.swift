import JSON

/// A piece of HTML. Whatever comes from outside is a text or the value of an attribute, and is escaped here alone.
public struct Markup: Sendable, Equatable {
    /// The source, as a file holds it.
    public let source: String

    private init(source: String) { self.source = source }

    /// A text. Characters that cannot be seen are U+FFFD, as in tables: a control of the writing direction would show
    /// another name than the one that is there.
    public static func text(_ text: String) -> Markup { Markup(source: escaped(text)) }

    /// A style sheet, which is a constant of the program.
    public static func style(_ sheet: StaticString) -> Markup { Markup(source: "<style>\n\(sheet)\n</style>\n") }

    /// A picture of the module `Plot`, which escapes its texts itself.
    public static func picture(svg: String) -> Markup { Markup(source: svg) }

    /// - Parameters:
    ///   - name: the element's name.
    ///   - attributes: their names are constants, and their values are escaped.
    public static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], _ content: [Markup]
    ) -> Markup {
        var source = "<\(name)"
        for (key, value) in attributes { source += " \(key)=\"\(escaped(value))\"" }
        source += ">"
        for piece in content { source += piece.source }
        return Markup(source: source + "</\(name)>")
    }

    /// An element without content, such as `meta`.
    public static func void(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) -> Markup {
        var source = "<\(name)"
        for (key, value) in attributes { source += " \(key)=\"\(escaped(value))\"" }
        return Markup(source: source + ">\n")
    }

    /// The same with the end of a line behind it, for people who read the source.
    public var line: Markup { Markup(source: source + "\n") }

    /// A whole document.
    ///
    /// - Parameter language: BCP 47.
    public static func document(language: String, head: [Markup], body: [Markup]) -> String {
        let root = element("html", ["lang": language], [element("head", head).line, element("body", body).line])
        return "<!DOCTYPE html>\n\(root.source)\n"
    }

    private static func element(_ name: StaticString, _ content: [Markup]) -> Markup { element(name, [:], content) }

    private static func escaped(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in printable(text).unicodeScalars {
            switch scalar {
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
