import JSON
import Plot
import Query
import Record

/// The ends of processes by package, as shares of a bar.
enum EndPlot {
    private static let ends: [ProcessEnd] = [.exit, .exception, .signal, .killed]

    static func picture(of answer: Answer, _ setting: PlotSetting) -> Picture? {
        guard answer.index(of: "package") != nil, ends.allSatisfy({ answer.index(of: $0.name) != nil }) else {
            return nil
        }
        let rows = answer.namedRows.prefix(setting.mostBars)
        let bars = rows.map { row in
            let name = row.text("package") ?? "(no name)"
            let counts = ends.map { "\($0.name) \(row[$0.name].cell)" }.joined(separator: ", ")
            let sum = ends.reduce(0) { $0 + (row.number($1.name) ?? 0) }
            return StackedBarChart.Bar(
                name: name, ends.map { row.number($0.name) },
                detail: "\(PlotWords.end(of: name, count: 300)): \(counts)", label: NumberLabel.value(sum),
                link: setting.link("package", row["package"].plain))
        }
        let caption = PlotWords.caption(
            "Ends of processes by package", setting,
            ["shares of the processes that used it", PlotWords.part(bars.count, of: answer.rows.count)])
        return StackedBarChart(
            caption, unit: "processes", parts: ends.map { .init(name: $0.name, tone: tone(of: $0)) }, bars,
            isOfShares: true, width: setting.width ?? 460
        ).picture
    }

    static func tone(of end: ProcessEnd) -> Tone {
        switch end {
        case .exit, .running: .plain(1)
        case .exception: .series(2)
        case .signal: .series(3)
        case .killed: .series(5)
        }
    }
}
