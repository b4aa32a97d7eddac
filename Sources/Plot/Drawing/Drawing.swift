/// Writes the marks of a picture. Each text in it is cut so that it lies inside.
struct Drawing {
    enum Anchor { case start, middle, end }

    /// The size of letters without another, pixels.
    static let textSize = 12.0
    /// The most characters of a name behind a mark: a page stays small whatever names senders choose.
    private static let longestTitle = 400

    let caption: Caption
    let width: Double
    private(set) var source = ""
    private(set) var hasLinks = false
    private var hatches: Set<Hatch> = []

    init(_ caption: Caption, width: Double) {
        self.caption = caption
        self.width = width
    }

    /// The finished picture.
    func picture(height: Double) -> Picture {
        let patterns = Hatch.allCases.filter { hatches.contains($0) }.map { $0.pattern(caption.id) }.joined()
        return Picture(
            caption: caption, width: width, height: height.rounded(.up), hasLinks: hasLinks, marks: source,
            patterns: patterns.isEmpty ? "" : "<defs>\(patterns)</defs>")
    }

    // MARK: Marks

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class style: String) {
        // a path is shorter than a line
        source += "<path class=\"\(style)\" d=\"M\(number(x1)) \(number(y1))"
        if y1 == y2 { source += "H\(number(x2))" } else { source += "L\(number(x2)) \(number(y2))" }
        source += "\"/>"
    }

    /// - Parameter shape: the commands of SVG.
    mutating func path(_ shape: String, class style: String, title: String? = nil) {
        source += "<path class=\"\(style)\" d=\"\(shape)\"" + closing("path", title)
    }

    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, class style: String, title: String? = nil
    ) {
        source += "<rect class=\"\(style)\"\(place(x, y, width, height))" + closing("rect", title)
    }

    /// A rectangle in the colour of a tone, with its hatch.
    mutating func bar(x: Double, y: Double, width: Double, height: Double, _ tone: Tone, title: String? = nil) {
        rectangle(x: x, y: y, width: width, height: height, class: tone.fill, title: title)
        guard let hatch = tone.hatch else { return }
        hatches.insert(hatch)
        source += "<rect class=\"over\" fill=\"url(#\(caption.id)-\(hatch))\"\(place(x, y, width, height))/>"
    }

    /// A text on one line.
    ///
    /// - Parameters:
    ///   - y: the base line.
    ///   - room: the most pixels; what is longer is cut. nil for what is left to the edge of the picture.
    mutating func text(
        _ text: String, x: Double, y: Double, _ anchor: Anchor = .start, class style: String? = nil,
        size: Double = Drawing.textSize, room: Double? = nil
    ) {
        let toEdge =
            switch anchor {
            case .start: width - x
            case .end: x
            case .middle: 2 * min(x, width - x)
            }
        let fitted = FittedText(text, size: size, room: min(room ?? .infinity, toEdge))
        if fitted.text.isEmpty { return }
        source += "<text"
        if let style { source += " class=\"\(style)\"" }
        source += " x=\"\(number(x))\" y=\"\(number(y))\""
        switch anchor {
        case .start: break
        case .middle: source += " text-anchor=\"middle\""
        case .end: source += " text-anchor=\"end\""
        }
        // a width that no table knows is made true
        if !fitted.isCertain {
            source += " textLength=\"\(number(fitted.width))\" lengthAdjust=\"spacingAndGlyphs\""
        }
        source += ">\(escaped(fitted.text))</text>"
    }

    /// Marks of one thing, with a text that a pointer shows and a screen reader reads.
    ///
    /// - Parameter link: the address of the page on it, already in the form of a URL.
    mutating func mark(title: String, link: String? = nil, _ draw: (inout Drawing) -> Void) {
        source += link.map { "<a href=\"\(escaped($0))\">" } ?? "<g>"
        source += titleElement(title)
        draw(&self)
        source += link == nil ? "</g>" : "</a>"
        if link != nil { hasLinks = true }
    }

    private func closing(_ name: String, _ title: String?) -> String {
        title.map { ">\(titleElement($0))</\(name)>" } ?? "/>"
    }

    private func titleElement(_ title: String) -> String {
        "<title>\(escaped(shortened(title, to: Drawing.longestTitle)))</title>"
    }

    private func place(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> String {
        " x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" height=\"\(number(height))\""
    }
}

extension Picture {
    /// A picture of nothing, which says so.
    static func empty(_ caption: Caption, width: Double, _ words: String = "Nothing was counted.") -> Picture {
        var drawing = Drawing(caption, width: width)
        drawing.text(words, x: 1, y: 20, class: "dim")
        return drawing.picture(height: 32)
    }
}
