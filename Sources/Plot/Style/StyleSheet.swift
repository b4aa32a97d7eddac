/// The looks of all pictures. Classes are below `.plot`, so that a page's own classes stay apart.
public enum StyleSheet {
    /// The part of a page's style sheet that is about pictures: light, dark if the reader prefers it, and light again
    /// on paper.
    public static let page = rules + colours(.light) + dark(colours(.dark))

    /// The style sheet in a picture that is a file of its own: also the ground and the colour of texts.
    static let file =
        rules + colours(.light) + own(.light) + dark(colours(.dark) + own(.dark))

    private static let rules = """
        .plot{display:block;width:100%;height:auto;font-family:system-ui,"Segoe UI",Roboto,"Helvetica Neue",\
        "Noto Sans","DejaVu Sans",Arial,sans-serif;font-size:12px}\
        .plot text{fill:currentColor;direction:ltr;font-variant-numeric:tabular-nums}\
        .plot .small{font-size:11px}.plot .cell{font-size:10px}.plot .head{font-size:14px}\
        .plot path{fill:none;stroke-width:2}.plot .grid,.plot .axis,.plot .lead,.plot .hatch{stroke-width:1}\
        .plot .hatch{stroke-opacity:.6}\
        .plot .hit,.plot .frame{fill:none;pointer-events:all}.plot .open{stroke-dasharray:2 3}\
        .plot .l2{stroke-dasharray:7 3}.plot .l3{stroke-dasharray:2 3}.plot .l4{stroke-dasharray:9 3 2 3}\
        .plot .l5{stroke-dasharray:5 2}.plot .l6{stroke-dasharray:1 2}.plot .l7{stroke-dasharray:12 4}\
        .plot .l8{stroke-dasharray:5 2 1 2 1 2}.plot .point,.plot .hollow{stroke-dasharray:none}\
        .plot a{text-decoration:none}.plot a:hover text{text-decoration:underline}\
        .plot a:focus-visible .hit{stroke:currentColor;stroke-width:2}
        """

    private static func dark(_ rules: String) -> String {
        "@media screen and (prefers-color-scheme:dark){\(rules)}"
    }

    private static func own(_ palette: Palette) -> String {
        "svg.plot{width:auto;color:\(palette.text)}.plot .ground{fill:\(palette.ground)}"
    }

    private static func colours(_ palette: Palette) -> String {
        var rules = ".plot .dim{fill:\(palette.faint)}.plot .grid{stroke:\(palette.grid)}"
        rules += ".plot .axis,.plot .lead{stroke:\(palette.faint)}.plot .hatch{stroke:\(palette.ground)}"
        for (place, colour) in palette.series.enumerated() {
            rules += ".plot .s\(place){fill:\(colour)}.plot .l\(place){stroke:\(colour)}"
        }
        rules += ".plot .hollow{fill:\(palette.ground)}"
        for (step, (positive, negative)) in zip(palette.positive, palette.negative).enumerated() {
            rules += ".plot .p\(step){fill:\(positive)}"
            if step > 0 { rules += ".plot .m\(step){fill:\(negative)}" }
        }
        return rules + ".plot .strong{fill:\(palette.onStrong)}"
    }
}
