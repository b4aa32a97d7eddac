/// Lines over months or other things in their order, each with its name at its end.
public struct LineChart: Sendable {
    public struct Point: Sendable, Equatable {
        /// nil or not finite if it is not known: the line has a gap there.
        public let value: Double?
        public let detail: String

        public init(_ value: Double?, detail: String) {
            self.value = drawable(value)
            self.detail = detail
        }
    }

    public struct Series: Sendable, Equatable {
        public let name: String
        /// One for each category.
        public let points: [Point]

        public init(name: String, _ points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    /// Lines that can be told apart; further ones are not drawn, and the description says so.
    public static let mostSeries = Palette.count
    private static let labelGap = 14.0

    public let caption: Caption
    public let unit: String
    /// The names of the places from left to right: `2026-11`.
    public let categories: [String]
    public let series: [Series]
    /// Whether more may come of the last place, as of a month that is not over. Its points are hollow, and the lines to
    /// them are thin.
    public let lastIsOpen: Bool
    /// Pixels.
    public let width: Double

    public init(
        _ caption: Caption, unit: String, categories: [String], _ series: [Series], lastIsOpen: Bool = false,
        width: Double = 460
    ) {
        self.caption = caption
        self.unit = unit
        self.categories = categories
        self.series = series.prefix(LineChart.mostSeries).map { one in
            Series(name: one.name, Array(one.points.prefix(categories.count)))
        }
        self.lastIsOpen = lastIsOpen
        self.width = width
    }

    public var picture: Picture {
        let values = series.flatMap { $0.points.compactMap { $0.value } }
        guard !categories.isEmpty, !values.isEmpty else { return .empty(caption, width: width) }
        var drawing = Drawing(caption, width: width)
        let frame = PlotFrame(
            top: 24, bottom: max(178, 24 + Double(series.count + 1) * LineChart.labelGap), category: "")
        let names = series.map { TextWidth.of($0.name, size: Drawing.textSize) }.max() ?? 0
        let right = width - min(names.rounded(.up), width * 0.32) - 16
        let scale = LinearScale(values, range: (frame.bottom, frame.top), isWhole: values.allSatisfy(isWhole))
        let left = frame.drawAxis(&drawing, unit: unit, scale.ticks, to: right) { scale($0) }
        let bands = BandScale(categories.count, from: left, to: right)
        frame.drawCategories(&drawing, categories, bands)
        for (index, series) in series.enumerated() { draw(&drawing, series, .series(index + 1), bands, scale) }
        drawNames(&drawing, bands, scale, frame, right)
        return drawing.picture(height: frame.height)
    }

    private func draw(
        _ drawing: inout Drawing, _ series: Series, _ tone: Tone, _ bands: BandScale, _ scale: LinearScale
    ) {
        let places = series.points.enumerated().map { index, point in
            point.value.map { (x: bands.middle(index), y: scale($0)) }
        }
        let closed = lastIsOpen ? places.dropLast(places.count == categories.count ? 1 : 0) : places[...]
        drawing.path(shape(closed), class: tone.line)
        if closed.count < places.count, let end = places.last ?? nil, let before = closed.last ?? nil {
            drawing.line(before.x, before.y, end.x, end.y, class: "lead open " + tone.line)
        }
        for (index, place) in places.enumerated() {
            guard let place else { continue }
            let isOpen = index >= closed.count
            drawing.path(
                tone.marker.shape(place.x, place.y),
                class: isOpen ? "hollow \(tone.line)" : "point \(tone.fill) \(tone.line)",
                title: series.points[index].detail)
        }
    }

    /// A line with gaps where a point is not known.
    private func shape(_ places: ArraySlice<(x: Double, y: Double)?>) -> String {
        var shape = ""
        var isDrawing = false
        for place in places {
            guard let place else {
                isDrawing = false
                continue
            }
            shape += (isDrawing ? "L" : "M") + number(place.x) + " " + number(place.y)
            isDrawing = true
        }
        return shape
    }

    /// Writes the names right of the last points that are known, with a thin line where one had to move away.
    private func drawNames(
        _ drawing: inout Drawing, _ bands: BandScale, _ scale: LinearScale, _ frame: PlotFrame, _ right: Double
    ) {
        let ends = series.map { series in
            series.points.enumerated().last { $0.element.value != nil }.map {
                (x: bands.middle($0.offset), y: scale($0.element.value ?? 0))
            }
        }
        let places = LabelSpread.apart(
            ends.map { $0?.y ?? frame.bottom }, gap: LineChart.labelGap, within: frame.top...frame.bottom)
        for (index, (end, place)) in zip(ends, places).enumerated() {
            let tone = Tone.series(index + 1)
            if let end, abs(end.y - place) > 3 || end.x < right - bands.step {
                drawing.line(end.x + 5, end.y, right + 1, place, class: "lead open axis")
            }
            drawing.path(tone.marker.shape(right + 6, place), class: "point \(tone.fill) \(tone.line)")
            drawing.text(series[index].name, x: right + 14, y: place + 4)
        }
    }

    private func isWhole(_ value: Double) -> Bool { value.rounded() == value }
}
