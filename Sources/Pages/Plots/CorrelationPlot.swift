import JSON
import Plot
import Query
import Record

/// Packages that are used in the same jobs: coefficients of pairs; bars if all pairs have one package in common.
enum CorrelationPlot {
    /// With more, the cells have no room for their numbers.
    private static let mostNames = 14

    static func picture(of answer: Answer, _ setting: PlotSetting) -> Picture? {
        guard ["a", "b", "pearson"].allSatisfy({ answer.index(of: $0) != nil }) else { return nil }
        let rows = answer.namedRows.map { ($0.exact("a"), $0.exact("b"), $0) }
        if let package = common(rows.map { ($0.0, $0.1) }) { return bars(of: package, rows, setting) }
        // those of the first pairs, which are the strongest
        var places: [ExactText: Int] = [:]
        var names: [ExactText] = []
        for (one, other, _) in rows {
            for name in [one, other] where places[name] == nil && names.count < mostNames {
                places[name] = names.count
                names.append(name)
            }
        }
        let pairs = rows.compactMap { one, other, row -> HeatMap.Pair? in
            guard let place = places[one], let second = places[other], let coefficient = row.number("pearson") else {
                return nil
            }
            return HeatMap.Pair(place, second, coefficient: coefficient, detail: detail(one, other, row))
        }
        let caption = PlotWords.caption(
            "Packages used in the same jobs", setting,
            [
                "Pearson's coefficient of jobs: 1 is always together, 0 independent, −1 never together",
                PlotWords.part(pairs.count, of: rows.count, "pairs"),
            ])
        return HeatMap(caption, names: names.map { printable($0.string) }, pairs, width: setting.width ?? 460).picture
    }

    /// The package that all pairs have; nil of fewer than two pairs.
    private static func common(_ pairs: [(ExactText, ExactText)]) -> ExactText? {
        guard pairs.count > 1 else { return nil }
        return [pairs[0].0, pairs[0].1].first { name in pairs.allSatisfy { $0.0 == name || $0.1 == name } }
    }

    private static func bars(
        of package: ExactText, _ rows: [(ExactText, ExactText, AnswerRow)], _ setting: PlotSetting
    ) -> Picture {
        let bars = rows.prefix(setting.mostBars).map { one, other, row in
            let name = one == package ? other : one
            return BarChart.Bar(
                name: printable(name.string), value: row.number("pearson"), detail: detail(package, name, row),
                link: setting.link("package", name.string))
        }
        let caption = PlotWords.caption(
            "Packages used in the same jobs as \(package.string)", setting,
            [
                "Pearson's coefficient of jobs: 1 is always together, 0 independent, −1 never together",
                PlotWords.part(bars.count, of: rows.count),
            ])
        return BarChart(caption, unit: "Pearson's coefficient", bars, width: setting.width ?? 460).picture
    }

    private static func detail(_ one: ExactText, _ other: ExactText, _ row: AnswerRow) -> String {
        let names = [one, other].map { PlotWords.end(of: printable($0.string), count: 100) }.joined(separator: " with ")
        let jobs = row.text("jobs") == nil ? "" : ", \(row["jobs"].cell) jobs with both"
        return "\(names): \(row["pearson"].cell)\(jobs)"
    }
}
