import JSON
import Plot
import Query

/// Usage by package, account, month or another thing.
enum TopPlot {
    static func picture(of answer: Answer, _ setting: PlotSetting) -> Picture? {
        guard let bars = AnswerBars(answer, setting) else { return nil }
        if let month = answer.index(of: "month"), let measure = answer.plottedMeasure {
            return months(answer, month, measure, setting)
        }
        let dimension = answer.columns.first { UsageDimension(rawValue: $0.name) != nil }
        let what = dimension.flatMap { UsageDimension(rawValue: $0.name) }?.words ?? "Usage"
        return bars.picture(title: "\(what) by \(bars.unit)")
    }

    private static func months(_ answer: Answer, _ month: Int, _ measure: Int, _ setting: PlotSetting) -> Picture {
        let unit = answer.columns[measure].unitWords
        let rows = answer.namedRows.map { row in
            MonthlyColumns.Row(
                month: row.values[month].plain, value: row.values[measure].number, detail: row.numbers(from: measure))
        }
        return MonthlyColumns.picture(rows, title: "Usage by month, in \(unit)", unit: unit, setting)
    }
}

extension UsageDimension {
    fileprivate var words: String {
        switch self {
        case .package: "Packages"
        case .account: "Accounts"
        case .partition: "Partitions"
        case .qos: "Qualities of service"
        case .state: "States of jobs"
        case .nodes: "Numbers of nodes"
        case .project: "Projects"
        case .pi: "Principal investigators"
        case .field: "Fields of science"
        case .department: "Departments"
        case .system: "Systems"
        case .subsystem: "Parts of systems"
        case .python: "Versions of Python"
        case .environment: "Environments"
        case .user: "People"
        case .month: "Months"
        }
    }
}
