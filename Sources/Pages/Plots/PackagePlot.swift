import JSON
import Plot
import Query

/// The months of the answer about one package.
enum PackagePlot {
    /// Its users by month.
    static func months(_ answer: Answer, _ setting: PlotSetting) -> Picture? {
        let months = answer.json["by_month"].elements
        // an account's users are unknown where runs were pruned
        let unit = months.isEmpty || months.contains { $0["users"].number != nil } ? "users" : "jobs"
        let rows = months.map { month in
            MonthlyColumns.Row(
                month: month["month"].plain, value: month[unit].number,
                detail: "\(month["users"].cell) users, \(month["jobs"].cell) jobs")
        }
        return MonthlyColumns.picture(
            rows, title: "\(unit == "users" ? "Users" : "Jobs") of \(name(answer)) by month", unit: unit, setting)
    }

    private static func name(_ answer: Answer) -> String { answer.json["package"].plain }
}
