import JSON
import Plot
import Query

/// The rows of an answer as bars: the picture of any answer with names and numbers.
struct AnswerBars {
    private let answer: Answer
    private let setting: PlotSetting
    private let label: (AnswerRow) -> String?
    /// The indices of the columns with names and with numbers.
    private let key: Int
    private let measure: Int

    /// What the numbers count.
    var unit: String { answer.columns[measure].unitWords }

    /// - Parameter label: the name of a row where its first column does not say it.
    /// - Returns: nil without a column of names or one of numbers.
    init?(_ answer: Answer, _ setting: PlotSetting, label: @escaping (AnswerRow) -> String? = { _ in nil }) {
        guard let measure = answer.plottedMeasure, let key = answer.columns.indices.first(where: { $0 != measure })
        else { return nil }
        (self.answer, self.setting, self.label) = (answer, setting, label)
        (self.key, self.measure) = (key, measure)
    }

    func picture(title: String, notes: [String] = [], tone: (AnswerRow) -> Tone = { _ in .plain(1) }) -> Picture {
        let rows = answer.namedRows.prefix(setting.mostBars)
        let bars = rows.map { row in
            let name = row.values[key]
            let plain = name == .null || name.plain.isEmpty ? "(no name)" : printable(name.plain)
            let column = answer.columns[key].name
            let shown = label(row).flatMap { $0.isEmpty ? nil : $0 } ?? plain
            return BarChart.Bar(
                name: shown, value: row.values[measure].number,
                detail: "\(PlotWords.end(of: plain, count: 300)): \(row.numbers(from: measure))",
                link: name == .null ? nil : setting.link(column, name.plain), tone: tone(row))
        }
        let caption = PlotWords.caption(
            title, setting, notes + [PlotWords.part(rows.count, of: answer.rows.count)].compactMap { $0 })
        return BarChart(caption, unit: unit, bars, width: setting.width ?? 460).picture
    }
}
