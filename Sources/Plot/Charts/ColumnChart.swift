/// Columns beside each other, such as jobs by their number of nodes.
public struct ColumnChart: Sendable {
    public struct Column: Sendable, Equatable {
        public let name: String
        /// nil or not finite if it is not known.
        public let value: Double?
        public let detail: String
        /// Whether more may come, as in a month that is not over: the column is hollow then.
        public let isOpen: Bool
        public let tone: Tone

        public init(name: String, value: Double?, detail: String, isOpen: Bool = false, tone: Tone = .plain(1)) {
            self.name = name
            self.value = drawable(value)
            self.detail = detail
            self.isOpen = isOpen
            self.tone = tone
        }
    }

    public enum Axis: Sendable { case linear, logarithmic }

    public let caption: Caption
    /// What the numbers count, at the axis: `jobs`.
    public let unit: String
    /// What the columns' names are: `nodes`.
    public let category: String
    public let axis: Axis
    public let columns: [Column]
    /// Pixels.
    public let width: Double

    public init(
        _ caption: Caption, unit: String, category: String, axis: Axis = .linear, _ columns: [Column],
        width: Double = 460
    ) {
        self.caption = caption
        self.unit = unit
        self.category = category
        self.axis = axis
        self.columns = columns
        self.width = width
    }

    public var picture: Picture {
        guard !columns.isEmpty else { return .empty(caption, width: width) }
        var drawing = Drawing(caption, width: width)
        // the highest column's number has room above it
        let frame = PlotFrame(top: 32, bottom: 182, category: category)
        let values = columns.compactMap { $0.value }
        let (ticks, height): ([Double], (Double) -> Double)
        switch axis {
        case .linear:
            let scale = LinearScale(values, range: (frame.bottom, frame.top), isWhole: true)
            (ticks, height) = (scale.ticks, { scale($0) })
        case .logarithmic:
            let scale = LogarithmicScale(values, range: (frame.bottom, frame.top))
            (ticks, height) = (scale.ticks, { scale($0) })
        }
        let left = frame.drawAxis(
            &drawing, unit: axis == .logarithmic ? unit + ", logarithmic" : unit, ticks, to: width, height)
        let bands = BandScale(columns.count, from: left, to: width)
        for (index, column) in columns.enumerated() { draw(&drawing, column, bands, index, frame, height) }
        drawing.line(left, frame.bottom, width, frame.bottom, class: "axis")
        frame.drawCategories(&drawing, columns.map { $0.name }, bands)
        return drawing.picture(height: frame.height)
    }

    private func draw(
        _ drawing: inout Drawing, _ column: Column, _ bands: BandScale, _ index: Int, _ frame: PlotFrame,
        _ height: (Double) -> Double
    ) {
        drawing.mark(title: column.detail) { drawing in
            let top = column.value.map { $0 == 0 ? frame.bottom : min(height($0), frame.bottom - 1) } ?? frame.bottom
            if top < frame.bottom {
                if column.isOpen {
                    drawing.rectangle(
                        x: bands(index), y: top, width: bands.width, height: frame.bottom - top,
                        class: "hollow open " + column.tone.line)
                } else {
                    drawing.bar(
                        x: bands(index), y: top, width: bands.width, height: frame.bottom - top, column.tone)
                }
            }
            let label = column.value.map { NumberLabel.tick($0) } ?? "–"
            if TextWidth.of(label, size: 11) <= bands.step {
                drawing.text(label, x: bands.middle(index), y: top - 4, .middle, class: "small", size: 11)
            }
        }
    }
}
