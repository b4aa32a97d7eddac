/// The rectangle in which columns and lines stand, with its axes.
struct PlotFrame {
    let top: Double
    let bottom: Double
    /// What the things below are, under their names; empty if the names say it.
    let category: String

    var height: Double { bottom + (category.isEmpty ? 24 : 39) }

    /// Draws the axis on the left with lines behind the marks.
    ///
    /// - Returns: the first pixel right of the labels.
    func drawAxis(
        _ drawing: inout Drawing, unit: String, _ ticks: [Double], to right: Double, _ height: (Double) -> Double
    ) -> Double {
        let labels = ticks.map { NumberLabel.tick($0) }
        let left = (labels.map { TextWidth.of($0, size: 11) }.max() ?? 0).rounded(.up) + 6
        drawing.text(unit, x: 1, y: 11, class: "dim small", size: 11)
        for (tick, label) in zip(ticks, labels) {
            let y = height(tick)
            drawing.line(left, y, right, y, class: "grid")
            drawing.text(label, x: left - 5, y: y + 4, .end, class: "dim small", size: 11)
        }
        return left
    }

    /// Writes names below bands, as many as have room; a name at the edge of the picture is moved in.
    func drawCategories(_ drawing: inout Drawing, _ names: [String], _ bands: BandScale) {
        let room = bands.step * Double(max(1, names.count))
        let longest = min(names.map { TextWidth.of($0, size: 11) }.max() ?? 0, room) + 8
        let every = max(1, Int((longest / max(bands.step, 0.1)).rounded(.up)))
        let most = bands.step * Double(every) - 4
        var free = 0.0
        for index in stride(from: 0, to: names.count, by: every) {
            let half = min(TextWidth.of(names[index], size: 11), most) / 2
            let middle = max(min(bands.middle(index), drawing.width - half - 0.1), half)
            guard middle - half >= free else { continue }
            drawing.text(
                names[index], x: middle, y: bottom + 18, .middle, class: "dim small", size: 11, room: most)
            free = middle + half + 4
        }
        if category.isEmpty { return }
        drawing.text(
            category, x: bands.start + room / 2, y: bottom + 33, .middle, class: "dim small", size: 11)
    }
}
