import Query
import Record
import Store
import SystemClock

extension PageQuestions {
    private static let mostPackages = 50
    private static let windowDays = 30

    /// Usage of the last 30 days in Prometheus' text format (version 0.0.4).
    func metrics(by connection: any SQLConnection) throws(StoreError) -> String {
        var filter = UsageFilter()
        let today = Int(wallClock() / Calendar.microsecondsPerDay)
        filter.firstDay = today - PageQuestions.windowDays + 1
        let top = try TopUsage.ask(connection, filter, limit: PageQuestions.mostPackages).answer
        let totals = try UsageSummary.ask(connection, filter, now: wallClock()).now?.totals
        let window = "\(PageQuestions.windowDays)d"
        var lines = [
            "# HELP customs_active_users People who used Python in the window.", "# TYPE customs_active_users gauge",
            "customs_active_users{window=\"\(window)\"} \(totals?.users ?? 0)",
            "# HELP customs_python_jobs Jobs that ran Python in the window.", "# TYPE customs_python_jobs gauge",
            "customs_python_jobs{window=\"\(window)\"} \(totals?.jobs ?? 0)",
            "# HELP customs_package_users People who used the package in the window.",
            "# TYPE customs_package_users gauge",
        ]
        guard let users = top.columns.firstIndex(where: { $0.unit == .users }) else { return "" }
        for row in top.rows {
            let name = label(row[0].plain)
            lines.append("customs_package_users{package=\"\(name)\",window=\"\(window)\"} \(row[users].plain)")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// A value of a label: `\`, `"` and the end of a line are escaped.
    private func label(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
