/// Horizontal bars, one below the other, with the name before and the number behind each.
public struct BarChart: Sendable {
    public struct Bar: Sendable, Equatable {
        public let name: String
        /// nil or not finite if it is not known: the bar is missing then, and its label is a dash.
        public let value: Double?
        /// What a pointer shows, with the exact number.
        public let detail: String
        /// The address of a page, already in the form of a URL.
        public let link: String?
        public let tone: Tone

        public init(
            name: String, value: Double?, detail: String, link: String? = nil, tone: Tone = .plain(1)
        ) {
            self.name = name
            self.value = drawable(value)
            self.detail = detail
            self.link = link
            self.tone = tone
        }
    }

    private static let rowHeight = 18.0
    private static let barHeight = 12.0

    public let caption: Caption
    /// What the numbers count, above the bars: `users`.
    public let unit: String
    public let bars: [Bar]
    /// Pixels.
    public let width: Double

    public init(_ caption: Caption, unit: String, _ bars: [Bar], width: Double = 460) {
        self.caption = caption
        self.unit = unit
        self.bars = bars
        self.width = width
    }

    public var picture: Picture {
        guard !bars.isEmpty else { return .empty(caption, width: width) }
        var drawing = Drawing(caption, width: width)
        let size = Drawing.textSize
        let labels = bars.map { $0.value.map { NumberLabel.value($0) } ?? "–" }
        let names = min((bars.map { TextWidth.of($0.name, size: size) }.max() ?? 0).rounded(.up) + 1, width * 0.38)
        let numbers = labels.map { TextWidth.of($0, size: size) }.max() ?? 0
        let hasNegative = bars.contains { $0.value ?? 0 < 0 }
        let scale = zeroScale(from: names + 8 + (hasNegative ? numbers + 6 : 0), to: width - numbers - 6)
        drawing.text(unit, x: scale.zero, y: 11, class: "dim small", size: 11)
        for (index, bar) in bars.enumerated() {
            let y = 16 + Double(index) * BarChart.rowHeight
            drawing.mark(title: bar.detail, link: bar.link) { drawing in
                if bar.link != nil {
                    drawing.rectangle(x: 1, y: y, width: width - 2, height: BarChart.rowHeight, class: "hit")
                }
                drawing.text(bar.name, x: names, y: y + 13, .end, room: names - 1)
                let end = bar.value.map { scale.zero + $0 * scale.unit } ?? scale.zero
                if let value = bar.value, value != 0 {
                    // what is there can be seen
                    let length = max(abs(end - scale.zero), 1)
                    drawing.bar(
                        x: value < 0 ? scale.zero - length : scale.zero, y: y + 3, width: length,
                        height: BarChart.barHeight, bar.tone)
                }
                let isNegative = bar.value ?? 0 < 0
                drawing.text(labels[index], x: end + (isNegative ? -5 : 5), y: y + 13, isNegative ? .end : .start)
            }
        }
        let bottom = 16 + Double(bars.count) * BarChart.rowHeight
        drawing.line(scale.zero, 16, scale.zero, bottom, class: "axis")
        return drawing.picture(height: bottom + 3)
    }

    /// The place of zero, and the pixels of one.
    private func zeroScale(from start: Double, to end: Double) -> (zero: Double, unit: Double) {
        let values = bars.compactMap { $0.value }
        let (least, most) = (min(values.min() ?? 0, 0), max(values.max() ?? 0, 0))
        // half of each, so that the distance of two large numbers is finite
        let span = most / 2 - least / 2
        guard span > 0 else { return (start, 0) }
        let unit = (end - start) / 2 / span
        return (start - least * unit, unit)
    }
}
