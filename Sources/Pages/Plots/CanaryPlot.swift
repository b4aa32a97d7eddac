import JSON
import Plot
import Query

/// The records of canary batches: received, waited for, lost.
enum CanaryPlot {
    static func picture(of answer: Answer, _ setting: PlotSetting) -> Picture? {
        guard ["expected", "received", "waiting", "lost"].allSatisfy({ answer.index(of: $0) != nil }) else {
            return nil
        }
        let rows = answer.namedRows.prefix(setting.mostBars)
        let bars = rows.map { row in
            let counts = ["expected", "received", "waiting", "lost"].map { "\($0) \(row[$0].cell)" }
            let bound = row.number("loss_upper_95").map { "≤ \(NumberLabel.value($0 * 100)) %" } ?? "–"
            return StackedBarChart.Bar(
                name: name(of: row), [row.number("received"), row.number("waiting"), row.number("lost")],
                detail: "\(name(of: row)): \(counts.joined(separator: ", ")); loss \(bound)", label: bound)
        }
        let caption = PlotWords.caption(
            "Records of canaries, by what became of them", setting,
            [
                "behind each bar the upper bound of the loss at 95 % confidence",
                PlotWords.part(bars.count, of: answer.rows.count),
            ])
        return StackedBarChart(
            caption, unit: "loss",
            parts: [
                .init(name: "received", tone: .plain(1)), .init(name: "waited for", tone: .series(3)),
                .init(name: "lost", tone: .series(5)),
            ], bars, isOfShares: true, width: setting.width ?? 460
        ).picture
    }

    /// Of a batch its time, or its name; of a path what it consists of.
    private static func name(of row: AnswerRow) -> String {
        if let submitted = row.text("submitted") { return String(submitted.prefix(16).map { $0 == "T" ? " " : $0 }) }
        let path = [row.text("run"), row.text("partition"), row.text("node"), row.text("transport")]
        return path.compactMap { $0 }.joined(separator: ", ")
    }
}
