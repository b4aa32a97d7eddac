import JSON
import Plot

/// Months that follow each other, so that a month without usage has its place.
struct Months {
    /// `2026-11`
    let names: [String]
    private let first: Int
    /// The most months: a wrong clock must not make a picture of a thousand years.
    private static let most = 240

    /// From the first to the last of some months, the newest ones if they are many.
    ///
    /// - Parameter texts: what is no month is left out.
    init(spanning texts: [String]) {
        let numbers = texts.compactMap { Months.number(of: $0) }
        guard let last = numbers.max(), let least = numbers.min() else {
            (names, first) = ([], 0)
            return
        }
        first = max(least, last - Months.most + 1)
        names = (first...last).map { number in
            let (year, month) = (number / 12, number % 12 + 1)
            return "\(year)-\(month < 10 ? "0" : "")\(month)"
        }
    }

    func index(of month: String) -> Int? {
        Months.number(of: month).flatMap { names.indices.contains($0 - first) ? $0 - first : nil }
    }

    /// Months since the year 0.
    private static func number(of text: String) -> Int? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let year = parts[0], let month = parts[1], 0...9_999 ~= year, 1...12 ~= month else {
            return nil
        }
        return year * 12 + month - 1
    }
}

/// One number a month as columns.
enum MonthlyColumns {
    struct Row {
        let month: String
        let value: Double?
        /// The exact numbers.
        let detail: String
    }

    static func picture(_ rows: [Row], title: String, unit: String, _ setting: PlotSetting) -> Picture {
        let months = Months(spanning: rows.map { $0.month })
        var byMonth: [Int: Row] = [:]
        for row in rows { if let index = months.index(of: row.month) { byMonth[index] = row } }
        let columns = months.names.enumerated().map { index, name in
            ColumnChart.Column(
                name: name, value: byMonth[index].map { $0.value } ?? (setting.isPublished ? nil : 0),
                detail: "\(name): \(byMonth[index]?.detail ?? (setting.isPublished ? "not told" : "none"))",
                isOpen: name == setting.openMonth)
        }
        let isOpen = months.names.contains { $0 == setting.openMonth }
        return ColumnChart(
            PlotWords.caption(title, setting, [isOpen ? "the hollow column's month is not over" : nil]),
            unit: unit, category: "", columns, width: setting.width ?? 460
        ).picture
    }
}
