import JSON
import Plot
import Query

/// The parts of the answer about one package, a picture each.
public enum PackagePlot {
    /// Its users by month.
    public static func months(_ answer: Answer, _ setting: PlotSetting = PlotSetting()) -> Picture? {
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

    /// Its versions by users.
    public static func versions(_ answer: Answer, _ setting: PlotSetting = PlotSetting()) -> Picture? {
        let versions = answer.json["versions"].elements
        let bars = versions.prefix(setting.mostBars).map { version in
            let text = version["version"] == .null ? "(not told)" : printable(version["version"].plain)
            return BarChart.Bar(
                name: text, value: version["users"].number,
                detail: "\(text): \(version["users"].cell) users, \(version["jobs"].cell) jobs",
                link: setting.link("version", version["version"].plain))
        }
        let caption = PlotWords.caption(
            "Versions of \(name(answer)) by users", setting,
            [PlotWords.part(bars.count, of: versions.count, "versions")])
        return BarChart(caption, unit: "users", bars, width: setting.width ?? 460).picture
    }

    /// The jobs that used it by number of nodes.
    public static func jobSizes(_ answer: Answer, _ setting: PlotSetting = PlotSetting()) -> Picture? {
        JobSizePlot.picture(
            answer.json["job_sizes"].elements.map { ($0["nodes"], $0["jobs"]) },
            title: "Jobs with \(name(answer)) by number of nodes", setting)
    }

    /// The packages in most of its jobs.
    public static func usedWith(_ answer: Answer, _ setting: PlotSetting = PlotSetting()) -> Picture? {
        let others = answer.json["used_with"].elements
        let bars = others.prefix(setting.mostBars).map { other in
            let name = printable(other["package"].plain)
            return BarChart.Bar(
                name: name, value: other["jobs"].number,
                detail: "\(name): \(other["jobs"].cell) jobs, Pearson's coefficient \(other["pearson"].cell)",
                link: setting.link("package", other["package"].plain))
        }
        let caption = PlotWords.caption("Packages used with \(name(answer)) by jobs", setting)
        return BarChart(caption, unit: "jobs", bars, width: setting.width ?? 460).picture
    }

    private static func name(_ answer: Answer) -> String { answer.json["package"].plain }
}
