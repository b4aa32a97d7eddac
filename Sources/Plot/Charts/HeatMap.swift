/// Coefficients of pairs from -1 to 1, each pair once: cells below a diagonal that has the names.
///
/// A name is behind the cells of its row and above those of its column. So no label is turned, and each has the room
/// up to the edge.
public struct HeatMap: Sendable {
    public struct Pair: Sendable, Equatable {
        /// Indices of names.
        public let one: Int
        public let other: Int
        /// From -1 to 1.
        public let coefficient: Double
        public let detail: String

        public init(_ one: Int, _ other: Int, coefficient: Double, detail: String) {
            self.one = min(one, other)
            self.other = max(one, other)
            self.coefficient = coefficient
            self.detail = detail
        }
    }

    public let caption: Caption
    public let names: [String]
    /// Each once. The cells of pairs that are not there stay empty.
    public let pairs: [Pair]
    public let width: Double

    public init(_ caption: Caption, names: [String], _ pairs: [Pair], width: Double = 460) {
        self.caption = caption
        self.names = names
        var seen: Set<[Int]> = []
        self.pairs = pairs.filter { seen.insert([$0.one, $0.other]).inserted }
        self.width = width
    }

    public var picture: Picture {
        guard names.count > 1, !pairs.isEmpty else { return .empty(caption, width: width) }
        var drawing = Drawing(caption, width: width)
        let longest = min(names.map { TextWidth.of($0, size: Drawing.textSize) }.max() ?? 0, width * 0.3)
        let cell = min((width - longest - 6) / Double(names.count - 1), 44)
        let height = min(max(cell * 0.75, 15), 24)
        let top = drawScale(&drawing)
        for pair in pairs where names.indices.contains(pair.one) && names.indices.contains(pair.other) {
            guard pair.one != pair.other, pair.coefficient.isFinite else { continue }
            let (x, y) = (Double(pair.one) * cell, top + Double(pair.other) * height)
            let step = Palette.step(of: pair.coefficient)
            let style = (pair.coefficient < 0 && step > 0 ? "m" : "p") + String(step)
            drawing.mark(title: pair.detail) { drawing in
                drawing.rectangle(x: x, y: y, width: cell - 1, height: height - 1, class: style)
                let label = HeatMap.label(pair.coefficient)
                if TextWidth.of(label, size: 10) <= cell - 2 {
                    drawing.text(
                        label, x: x + (cell - 1) / 2, y: y + height / 2 + 3, .middle,
                        class: step >= Palette.strong ? "cell strong" : "cell", size: 10)
                }
            }
        }
        for (index, name) in names.enumerated() {
            drawing.text(name, x: Double(index) * cell + 4, y: top + Double(index) * height + height / 2 + 4)
        }
        return drawing.picture(height: top + Double(names.count) * height + 2)
    }

    /// Draws what the colours mean.
    ///
    /// - Returns: the first pixel below.
    private func drawScale(_ drawing: inout Drawing) -> Double {
        let steps = Palette.bounds.count
        let cell = 22.0
        let left = max((width - cell * Double(2 * steps + 1)) / 2, 0)
        for step in -steps...steps {
            let x = left + Double(step + steps) * cell
            drawing.rectangle(x: x, y: 14, width: cell, height: 8, class: (step < 0 ? "m" : "p") + String(abs(step)))
        }
        drawing.text("−1", x: left, y: 10, class: "dim small", size: 11)
        drawing.text(
            "0: independent", x: left + cell * (Double(steps) + 0.5), y: 10, .middle, class: "dim small", size: 11)
        drawing.text("1", x: left + cell * Double(2 * steps + 1), y: 10, .end, class: "dim small", size: 11)
        return 26
    }

    /// Two digits without the zero before the point: `.42`, `−.1`.
    private static func label(_ coefficient: Double) -> String {
        let label = NumberLabel.value((coefficient * 100).rounded() / 100)
        if label.hasPrefix("0.") { return String(label.dropFirst()) }
        return label.hasPrefix("−0.") ? "−" + label.dropFirst(2) : label
    }
}
