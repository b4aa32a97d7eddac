/// Columns of parts, one above the other, such as a package's users by version in each month.
public struct StackedColumnChart: Sendable {
    /// A part of each column.
    public struct Part: Sendable, Equatable {
        public let name: String
        /// One for each category; nil or not finite counts as zero.
        public let values: [Double?]
        /// Whether it is what no part has of its own.
        public let isRest: Bool

        public init(name: String, _ values: [Double?], isRest: Bool = false) {
            self.name = name
            self.values = values
            self.isRest = isRest
        }

        func value(_ index: Int) -> Double {
            index < values.count ? max(drawable(values[index]) ?? 0, 0) : 0
        }
    }

    public static let mostParts = Palette.count + 1
    private static let labelGap = 14.0

    public let caption: Caption
    public let unit: String
    public let categories: [String]
    /// From the bottom up.
    public let parts: [Part]
    public let width: Double

    public init(_ caption: Caption, unit: String, categories: [String], _ parts: [Part], width: Double = 460) {
        self.caption = caption
        self.unit = unit
        self.categories = categories
        self.parts = Array(parts.prefix(StackedColumnChart.mostParts))
        self.width = width
    }

    public var picture: Picture {
        let sums = categories.indices.map { index in parts.reduce(0) { $0 + $1.value(index) } }
        guard !categories.isEmpty, !parts.isEmpty, sums.contains(where: { $0 > 0 }) else {
            return .empty(caption, width: width)
        }
        var drawing = Drawing(caption, width: width)
        let frame = PlotFrame(
            top: 24, bottom: max(178, 24 + Double(parts.count + 1) * StackedColumnChart.labelGap), category: "")
        let names = parts.map { TextWidth.of($0.name, size: Drawing.textSize) }.max() ?? 0
        let right = width - min(names.rounded(.up), width * 0.32) - 20
        let scale = LinearScale(sums, range: (frame.bottom, frame.top), isWhole: true)
        let left = frame.drawAxis(&drawing, unit: unit, scale.ticks, to: right) { scale($0) }
        let bands = BandScale(categories.count, from: left, to: right, gap: 0.2)
        frame.drawCategories(&drawing, categories, bands)
        let tones = parts.indices.map { parts[$0].isRest ? Tone.rest : .series($0 + 1) }
        var ends: [Double] = []
        for index in categories.indices {
            var sum = 0.0
            for (part, tone) in zip(parts, tones) {
                let value = part.value(index)
                let (low, high) = (scale(sum), scale(sum + value))
                sum += value
                if index == categories.count - 1 { ends.append((low + high) / 2) }
                if value == 0 { continue }
                drawing.bar(
                    x: bands(index), y: high, width: bands.width, height: max(low - high - 0.5, 0.5), tone,
                    title: "\(part.name), \(categories[index]): \(NumberLabel.value(value)) \(unit)")
            }
        }
        drawing.line(left, frame.bottom, right, frame.bottom, class: "axis")
        let places = LabelSpread.apart(
            ends, gap: StackedColumnChart.labelGap, within: frame.top...frame.bottom - 4)
        for (index, part) in parts.enumerated() {
            if abs(ends[index] - places[index]) > 3 {
                drawing.line(right - 2, ends[index], right + 4, places[index], class: "lead axis")
            }
            drawing.bar(x: right + 5, y: places[index] - 5, width: 10, height: 10, tones[index])
            drawing.text(part.name, x: right + 19, y: places[index] + 4)
        }
        return drawing.picture(height: frame.height)
    }
}
