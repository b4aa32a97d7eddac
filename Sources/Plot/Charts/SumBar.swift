/// One bar of all parts of a sum, with each part's number below: received = stored + merged + ...
public struct SumBar: Sendable {
    public struct Part: Sendable, Equatable {
        public let name: String
        /// Not finite or negative counts as zero.
        public let value: Double
        public let detail: String
        public let tone: Tone

        public init(name: String, value: Double, detail: String, tone: Tone) {
            self.name = name
            self.value = max(drawable(value) ?? 0, 0)
            self.detail = detail
            self.tone = tone
        }
    }

    private static let barHeight = 24.0
    private static let rowHeight = 17.0

    public let caption: Caption
    /// What the sum is: `received`.
    public let name: String
    public let unit: String
    public let parts: [Part]
    public let width: Double

    public init(_ caption: Caption, name: String, unit: String, _ parts: [Part], width: Double = 460) {
        self.caption = caption
        self.name = name
        self.unit = unit
        self.parts = parts
        self.width = width
    }

    public var picture: Picture {
        let sum = parts.reduce(0) { $0 + $1.value }
        guard !parts.isEmpty else { return .empty(caption, width: width) }
        var drawing = Drawing(caption, width: width)
        drawing.text("\(name): \(NumberLabel.value(sum)) \(unit)", x: 1, y: 12)
        var x = 1.0
        let whole = width - 2
        for part in parts where part.value > 0 {
            let length = part.value / sum * whole
            // a part that is there can be seen, and does not leave the picture
            let shown = max(length, 1.5)
            drawing.bar(
                x: min(x, 1 + whole - shown), y: 18, width: shown, height: SumBar.barHeight, part.tone,
                title: part.detail)
            x += length
        }
        drawing.rectangle(x: 1, y: 18, width: whole, height: SumBar.barHeight, class: "axis frame")
        let top = 18 + SumBar.barHeight + 8
        // two columns where they have room
        let longest = parts.map { TextWidth.of(label($0, of: sum), size: Drawing.textSize) }.max() ?? 0
        let columns = longest + 24 < width / 2 ? 2 : 1
        let rows = (parts.count + columns - 1) / columns
        for (index, part) in parts.enumerated() {
            let left = Double(index / rows) * width / Double(columns)
            let y = top + Double(index % rows) * SumBar.rowHeight
            drawing.mark(title: part.detail) { drawing in
                drawing.bar(x: left + 1, y: y, width: 11, height: 11, part.tone)
                drawing.text(
                    label(part, of: sum), x: left + 18, y: y + 10, room: width / Double(columns) - 20)
            }
        }
        return drawing.picture(height: top + Double(rows) * SumBar.rowHeight)
    }

    private func label(_ part: Part, of sum: Double) -> String {
        let share = sum > 0 ? " (\(NumberLabel.value(part.value / sum * 100)) %)" : ""
        return "\(part.name) \(NumberLabel.value(part.value))\(share)"
    }
}
