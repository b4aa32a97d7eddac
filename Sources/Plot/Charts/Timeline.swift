/// Rows of bars over time, such as a job's steps and processes.
public struct Timeline: Sendable {
    public struct Row: Sendable, Equatable {
        public let name: String
        /// Microseconds since 1970 UTC; nil if it is not known.
        public let start: Int64?
        /// nil while it lasts.
        public let end: Int64?
        /// How it ended, as text behind the bar.
        public let outcome: String
        public let detail: String
        public let tone: Tone
        /// Whether the row is about the rows below it, such as a step: its bar is thin.
        public let isHeading: Bool
        public let link: String?

        public init(
            name: String, from start: Int64?, to end: Int64?, outcome: String, detail: String, tone: Tone,
            isHeading: Bool = false, link: String? = nil
        ) {
            self.name = name
            self.start = start
            self.end = end
            self.outcome = outcome
            self.detail = detail
            self.tone = tone
            self.isHeading = isHeading
            self.link = link
        }
    }

    private static let rowHeight = 19.0

    public let caption: Caption
    public let rows: [Row]
    /// Until when bars without an end go, microseconds since 1970 UTC; nil for the last time in the rows.
    public let now: Int64?
    public let width: Double

    public init(_ caption: Caption, _ rows: [Row], now: Int64? = nil, width: Double = 720) {
        self.caption = caption
        self.rows = rows
        self.now = now
        self.width = width
    }

    public var picture: Picture {
        let starts = rows.compactMap { $0.start }
        guard let first = starts.min() else { return .empty(caption, width: width, "No times are known.") }
        let isOpen = rows.contains { $0.start != nil && $0.end == nil }
        let last = (rows.compactMap { $0.end } + starts + (isOpen ? [now ?? first] : [])).max() ?? first
        var drawing = Drawing(caption, width: width)
        let names = min(rows.map { textWidth($0) }.max() ?? 0, width * 0.35).rounded(.up)
        let outcomes = min(rows.map { TextWidth.of($0.outcome, size: 11) }.max() ?? 0, width * 0.2).rounded(.up)
        let scale = TimeScale(
            from: first, to: last, range: (names + 8, width - outcomes - 8), count: width < 600 ? 3 : 5)
        let bottom = 8 + Double(rows.count) * Timeline.rowHeight
        drawAxis(&drawing, scale, bottom)
        for (index, row) in rows.enumerated() {
            let y = 6 + Double(index) * Timeline.rowHeight
            drawing.mark(title: row.detail, link: row.link) { drawing in
                if row.link != nil {
                    drawing.rectangle(x: 1, y: y, width: width - 2, height: Timeline.rowHeight, class: "hit")
                }
                let indent = row.isHeading ? 1.0 : 11
                drawing.text(row.name, x: indent, y: y + 13, room: names - indent)
                draw(&drawing, row, y, scale, last)
                drawing.text(row.outcome, x: width - outcomes, y: y + 13, class: "small", size: 11)
            }
        }
        return drawing.picture(height: bottom + 20)
    }

    private func textWidth(_ row: Row) -> Double {
        TextWidth.of(row.name, size: Drawing.textSize) + (row.isHeading ? 1 : 11)
    }

    private func drawAxis(_ drawing: inout Drawing, _ scale: TimeScale, _ bottom: Double) {
        drawing.line(scale.range.start, bottom, scale.range.end, bottom, class: "axis")
        var free = 0.0
        for tick in scale.ticks {
            let x = scale(tick.time)
            drawing.line(x, 4, x, bottom, class: "grid")
            let half = TextWidth.of(tick.label, size: 11) / 2
            // moved in where it would leave the picture, and left out where it would touch the one before
            let middle = min(x, width - half)
            guard middle - half >= free else { continue }
            drawing.text(tick.label, x: middle, y: bottom + 16, .middle, class: "dim small", size: 11)
            free = middle + half + 8
        }
    }

    private func draw(_ drawing: inout Drawing, _ row: Row, _ y: Double, _ scale: TimeScale, _ last: Int64) {
        guard let start = row.start else { return }
        let x = scale(start)
        // what is short can be seen, up to the axis's end
        let length = max(scale(row.end ?? last) - x, 2)
        let left = min(x, scale.range.end - length)
        if row.isHeading {
            drawing.rectangle(x: left, y: y + 7, width: length, height: 4, class: row.tone.fill)
        } else {
            drawing.bar(x: left, y: y + 3, width: length, height: 12, row.tone)
        }
        guard row.end == nil else { return }
        drawing.line(left + length, y + 1, left + length, y + 17, class: "open axis")
    }
}
