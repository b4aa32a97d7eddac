/// The names of tones, in as many lines as they need.
struct Legend {
    struct Entry {
        let name: String
        let tone: Tone
    }

    private static let lineHeight = 17.0
    let entries: [Entry]

    /// - Parameter y: the first pixel.
    /// - Returns: the first pixel below.
    func draw(_ drawing: inout Drawing, y top: Double) -> Double {
        var (x, y) = (0.0, top)
        for entry in entries {
            let name = FittedText(entry.name, size: 11, room: drawing.width - 16)
            if x > 0, x + 15 + name.width > drawing.width {
                x = 0
                y += Legend.lineHeight
            }
            drawing.bar(x: x, y: y + 2, width: 11, height: 11, entry.tone)
            drawing.text(entry.name, x: x + 15, y: y + 12, class: "small", size: 11)
            x += 15 + name.width + 14
        }
        return entries.isEmpty ? y : y + Legend.lineHeight + 3
    }
}
