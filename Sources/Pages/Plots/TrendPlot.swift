import JSON
import Plot
import Query
import Record

/// Users of packages by month: a line for each package.
enum TrendPlot {
    static func picture(of answer: Answer, _ setting: PlotSetting) -> Picture? {
        guard answer.index(of: "package") != nil, answer.index(of: "month") != nil,
            let measure = answer.index(of: "users") ?? answer.plottedMeasure
        else { return nil }
        let rows = answer.namedRows
        let months = Months(spanning: rows.map { $0["month"].plain })
        // in the order of the answer
        var packages: [ExactText] = []
        for row in rows where packages.last != row.exact("package") { packages.append(row.exact("package")) }
        let unit = answer.columns[measure].unitWords
        let series = packages.prefix(LineChart.mostSeries).map { package in
            line(
                of: package.string, rows.filter { $0.exact("package") == package }, months, measure, unit, setting)
        }
        let isOpen = months.names.last.map { $0 == setting.openMonth } ?? false
        let what = packages.count == 1 ? "of \(printable(packages[0].string))" : "of packages"
        let caption = PlotWords.caption(
            "\(unit.prefix(1).uppercased())\(unit.dropFirst()) \(what) by month", setting,
            [
                isOpen ? "the last month is not over" : nil,
                PlotWords.part(series.count, of: packages.count, "packages"),
            ])
        return LineChart(
            caption, unit: unit, categories: months.names, series, lastIsOpen: isOpen, width: setting.width ?? 460
        ).picture
    }

    private static func line(
        of package: String, _ rows: [AnswerRow], _ months: Months, _ measure: Int, _ unit: String,
        _ setting: PlotSetting
    ) -> LineChart.Series {
        let name = printable(package)
        // a month without use has no row; one that is not told has none either
        var points = months.names.map { month in
            LineChart.Point(setting.isPublished ? nil : 0, detail: "\(name), \(month): no use")
        }
        for row in rows {
            guard let index = months.index(of: row["month"].plain) else { continue }
            points[index] = LineChart.Point(
                row.values[measure].number,
                detail: "\(PlotWords.end(of: name, count: 100)), \(months.names[index]): \(row.numbers(from: measure))")
        }
        return LineChart.Series(name: name, points)
    }
}
