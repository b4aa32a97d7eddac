/// A picture as SVG text, for a page or as a file of its own.
///
/// Names in it are escaped, and what XML cannot hold is U+FFFD. A name that may hold characters without a shape has to
/// be made printable before it comes here: this module knows nothing of the rules of the answers.
public struct Picture: Sendable, Equatable {
    public let caption: Caption
    /// Of the part with marks, in pixels at a scale of 1.
    public let width: Double
    public let height: Double
    /// Whether marks are links.
    public let hasLinks: Bool
    /// The elements of the marks.
    let marks: String
    /// The patterns that they use.
    let patterns: String

    /// The element `svg` for a page. Its looks come from `StyleSheet.page`, because the pages' Content-Security-Policy
    /// forbids styles in elements.
    public var inline: String {
        let box = "0 0 \(number(width)) \(number(height))"
        return "<svg class=\"plot\" viewBox=\"\(box)\"\(role)>\(words)\(patterns)\(marks)</svg>"
    }

    /// A file with its own style sheet, and with title and description in sight.
    public var file: String {
        let margin = 8.0
        let (wide, high) = (width + 2 * margin, height + margin)
        let head = PictureHead(caption, width: wide)
        let whole = high + head.height
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" class="plot" width="\(number(wide))" height="\(number(whole))" \
            viewBox="0 0 \(number(wide)) \(number(whole))"\(role)>\(words)<style>\(StyleSheet.file)</style>\
            <rect class="ground" width="100%" height="100%"/>\(patterns)\(head.source)\
            <g transform="translate(\(number(margin)) \(number(head.height)))">\(marks)</g></svg>

            """
    }

    /// A picture with links is a group: what is in an image cannot be reached with the keyboard.
    private var role: String {
        " role=\"\(hasLinks ? "group" : "img")\" aria-labelledby=\"\(caption.id)-t \(caption.id)-d\""
    }

    private var words: String {
        "<title id=\"\(caption.id)-t\">\(escaped(caption.title))</title>"
            + "<desc id=\"\(caption.id)-d\">\(escaped(caption.description))</desc>"
    }
}

/// The title and the description above a picture that is a file of its own.
private struct PictureHead {
    let source: String
    let height: Double

    init(_ caption: Caption, width: Double) {
        var drawing = Drawing(caption, width: width)
        var y = 6.0
        for line in wrapped(caption.title, width: width - 16, size: 14, lines: 3) {
            y += 18
            drawing.text(line, x: 8, y: y, class: "head", size: 14)
        }
        for line in wrapped(caption.description, width: width - 16, size: 11, lines: 6) {
            y += 15
            drawing.text(line, x: 8, y: y, class: "dim small", size: 11)
        }
        source = drawing.source
        height = y + 10
    }
}
