/// Horizontal bars of parts, such as the ends of processes of each package.
public struct StackedBarChart: Sendable {
    public struct Part: Sendable, Equatable {
        public let name: String
        public let tone: Tone

        public init(name: String, tone: Tone) {
            self.name = name
            self.tone = tone
        }
    }

    public struct Bar: Sendable, Equatable {
        public let name: String
        /// One for each part; nil, negative or not finite counts as zero.
        public let values: [Double?]
        /// What a pointer shows, with the exact numbers.
        public let detail: String
        /// Behind the bar.
        public let label: String
        public let link: String?

        public init(name: String, _ values: [Double?], detail: String, label: String, link: String? = nil) {
            self.name = name
            self.values = values
            self.detail = detail
            self.label = label
            self.link = link
        }

        fileprivate func value(_ index: Int) -> Double {
            index < values.count ? max(drawable(values[index]) ?? 0, 0) : 0
        }

        fileprivate var sum: Double { values.indices.reduce(0) { $0 + value($1) } }
    }

    private static let rowHeight = 18.0

    public let caption: Caption
    /// What the labels behind the bars are.
    public let unit: String
    public let parts: [Part]
    public let bars: [Bar]
    /// Whether each bar is as long as all others, so that its parts are shares.
    public let isOfShares: Bool
    public let width: Double

    public init(
        _ caption: Caption, unit: String, parts: [Part], _ bars: [Bar], isOfShares: Bool, width: Double = 460
    ) {
        self.caption = caption
        self.unit = unit
        self.parts = parts
        self.bars = bars
        self.isOfShares = isOfShares
        self.width = width
    }

    public var picture: Picture {
        guard !bars.isEmpty else { return .empty(caption, width: width) }
        var drawing = Drawing(caption, width: width)
        let size = Drawing.textSize
        let names = min((bars.map { TextWidth.of($0.name, size: size) }.max() ?? 0).rounded(.up) + 1, width * 0.38)
        let labels = min(bars.map { TextWidth.of($0.label, size: size) }.max() ?? 0, width * 0.25)
        let head = Legend(entries: parts.map { Legend.Entry(name: $0.name, tone: $0.tone) }).draw(&drawing, y: 0)
        let (left, right) = (names + 8, width - max(labels, 1) - 6)
        drawing.text(unit, x: width, y: head + 11, .end, class: "dim small", size: 11)
        let most = bars.map { $0.sum }.max() ?? 0
        for (index, bar) in bars.enumerated() {
            let y = head + 16 + Double(index) * StackedBarChart.rowHeight
            drawing.mark(title: bar.detail, link: bar.link) { drawing in
                if bar.link != nil {
                    drawing.rectangle(
                        x: 1, y: y, width: width - 2, height: StackedBarChart.rowHeight, class: "hit")
                }
                drawing.text(bar.name, x: names, y: y + 13, .end, room: names - 1)
                let whole = isOfShares ? bar.sum : most
                var x = left
                for (index, part) in parts.enumerated() where bar.value(index) > 0 {
                    let length = bar.value(index) / whole * (right - left)
                    drawing.bar(x: x, y: y + 3, width: max(length, 0.5), height: 12, part.tone)
                    x += length
                }
                drawing.text(bar.label, x: width, y: y + 13, .end, room: labels + 1)
            }
        }
        let bottom = head + 16 + Double(bars.count) * StackedBarChart.rowHeight
        drawing.line(left, head + 16, left, bottom, class: "axis")
        return drawing.picture(height: bottom + 3)
    }
}
