import JSON
import Plot
import Query

/// The questions whose answers have a natural picture, by their names in addresses of pages.
public enum PlottedQuestion: String, CaseIterable, Sendable {
    case top, trend, jobsizes, correlate, environments, stacks, python, versions, ended, hosts, new, package, job
    case who
    case canaries
    case health

    /// The picture of an answer to the question.
    ///
    /// - Returns: nil if the answer lacks the columns that are drawn, because others were asked for.
    public func picture(of answer: Answer, _ setting: PlotSetting = PlotSetting()) -> Picture? {
        switch self {
        case .top: TopPlot.picture(of: answer, setting)
        case .trend: TrendPlot.picture(of: answer, setting)
        case .jobsizes: JobSizePlot.picture(of: answer, setting)
        case .correlate: CorrelationPlot.picture(of: answer, setting)
        case .ended: EndPlot.picture(of: answer, setting)
        case .package: PackagePlot.months(answer, setting)
        case .job: JobPlot.picture(of: answer, setting)
        case .canaries: CanaryPlot.picture(of: answer, setting)
        case .health: HealthPlot.picture(of: answer, setting)
        case .hosts: HostPlot.picture(of: answer, setting)
        case .environments, .stacks, .python, .versions, .new, .who:
            AnswerBars(answer, setting, label: label).map { $0.picture(title: title(of: $0)) }
        }
    }

    private func title(of bars: AnswerBars) -> String {
        let what =
            switch self {
            case .environments: "Environments"
            case .stacks: "Stacks of packages"
            case .python: "Versions of Python"
            case .versions: "Versions"
            case .new: "New packages"
            default: "People"
            }
        return "\(what) by \(bars.unit)"
    }

    /// The name of a bar, where the first column alone does not say it.
    private func label(_ row: AnswerRow) -> String? {
        switch self {
        case .environments:
            // the end of a path tells more than its beginning
            row.text("prefix").map { PlotWords.end(of: $0, count: 23) }
        case .stacks:
            row.text("stack").map { "\($0.prefix(8)) \(row.text("packages") ?? "")" }
        case .python:
            [row.text("implementation"), row.text("python")].compactMap { $0 }.joined(separator: " ")
        default: nil
        }
    }
}
