import Plot
import Testing

/// A picture's SVG text, read back.
struct DrawnPicture {
    struct Element {
        let name: String
        let attributes: [String: String]
        /// How far the elements around it move it.
        let shift: (x: Double, y: Double)
        /// The text directly in it, without escapes.
        var text = ""

        var ownShift: (x: Double, y: Double) {
            guard let move = self["transform"], move.hasPrefix("translate(") else { return (0, 0) }
            let parts = move.dropFirst(10).dropLast().split(separator: " ").compactMap { Double($0) }
            return parts.count == 2 ? (parts[0], parts[1]) : (0, 0)
        }

        subscript(attribute: String) -> String? { attributes[attribute] }
    }

    struct Label {
        let text: String
        let left: Double
        let right: Double
        let top: Double
        let bottom: Double

        func touches(_ other: Label) -> Bool {
            left < other.right - 0.2 && other.left < right - 0.2 && top < other.bottom && other.top < bottom
        }
    }

    let elements: [Element]
    let width: Double
    let height: Double

    /// - Throws: if it is not well-formed.
    init(_ svg: String) throws {
        var open: [Int] = []
        var elements: [Element] = []
        var rest = svg[...]
        if rest.hasPrefix("<?xml"), let end = rest.firstRange(of: "?>") { rest = rest[end.upperBound...] }
        while let start = rest.firstIndex(of: "<") {
            if let last = open.last { elements[last].text += DrawnPicture.plain(rest[..<start]) }
            let end = try #require(rest.firstIndex(of: ">"))
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                let last = open.popLast()
                let closed = try #require(last)
                try #require(elements[closed].name == tag.dropFirst())
                continue
            }
            let isEmpty = tag.hasSuffix("/")
            let shifts = open.map { elements[$0].ownShift }
            let shift = (x: shifts.reduce(0) { $0 + $1.x }, y: shifts.reduce(0) { $0 + $1.y })
            elements.append(try DrawnPicture.element(isEmpty ? tag.dropLast() : tag, shift: shift))
            if !isEmpty { open.append(elements.count - 1) }
        }
        try #require(open.isEmpty)
        let box = (elements.first?["viewBox"] ?? "").split(separator: " ").compactMap { Double($0) }
        try #require(box.count == 4)
        (self.elements, width, height) = (elements, box[2], box[3])
    }

    /// The texts in sight, with upper bounds of the places that they take.
    func labels() throws -> [Label] {
        try elements.filter { $0.name == "text" }.map { element in
            let style = Set((element["class"] ?? "").split(separator: " "))
            let size =
                style.contains("small") ? 11.0 : style.contains("cell") ? 10 : style.contains("head") ? 14 : 12
            let x = try #require(Double(element["x"] ?? "")) + element.shift.x
            let y = try #require(Double(element["y"] ?? "")) + element.shift.y
            let width = element["textLength"].flatMap { Double($0) } ?? TextWidth.of(element.text, size: size)
            let left =
                switch element["text-anchor"] {
                case "middle": x - width / 2
                case "end": x - width
                default: x
                }
            return Label(
                text: element.text, left: left, right: left + width, top: y - 0.8 * size, bottom: y + 0.25 * size)
        }
    }

    var titles: [String] { elements.filter { $0.name == "title" }.map { $0.text } }

    func count(_ name: String) -> Int { elements.count { $0.name == name } }

    private static func element(_ tag: Substring, shift: (x: Double, y: Double)) throws -> Element {
        let name = tag.prefix { $0 != " " }
        var attributes: [String: String] = [:]
        var rest = tag[name.endIndex...]
        while let equals = rest.firstIndex(of: "=") {
            let key = rest[..<equals].drop { $0 == " " }
            let value = rest[rest.index(equals, offsetBy: 2)...]
            try #require(rest[rest.index(after: equals)] == "\"")
            let end = try #require(value.firstIndex(of: "\""))
            try #require(attributes.updateValue(plain(value[..<end]), forKey: String(key)) == nil)
            rest = value[value.index(after: end)...]
        }
        try #require(rest.allSatisfy { $0 == " " })
        return Element(name: String(name), attributes: attributes, shift: shift)
    }

    private static func plain(_ text: Substring) -> String {
        var plain = String(text)
        for (escape, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            plain = plain.replacing(escape, with: character)
        }
        return plain
    }
}

extension DrawnPicture {
    /// Expects that each label lies in the picture, and that no label lies on another.
    func expectTidy(_ comment: String) throws {
        let labels = try labels()
        for label in labels {
            #expect(
                label.left >= -0.2 && label.right <= width + 0.2 && label.top >= -0.2 && label.bottom <= height + 0.2,
                "\(comment): '\(label.text.prefix(40))' \(label) of \(width) x \(height)")
        }
        let rows = labels.sorted { $0.top < $1.top }
        for (index, label) in rows.enumerated() {
            for other in rows[(index + 1)...].prefix(while: { $0.top < label.bottom }) {
                #expect(
                    !label.touches(other),
                    "\(comment): '\(label.text.prefix(40))' on '\(other.text.prefix(40))' \(label) \(other)")
            }
        }
    }
}
