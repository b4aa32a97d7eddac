import JSON
import Plot
import Query

/// The hosts that records come from; those that have fallen silent stand out.
enum HostPlot {
    /// The least number of days without a record that stands out: today's may still come.
    private static let silence = 2.0

    static func picture(of answer: Answer, _ setting: PlotSetting) -> Picture? {
        guard answer.index(of: "host") != nil, answer.index(of: "records") != nil,
            let bars = AnswerBars(answer, setting)
        else { return nil }
        return bars.picture(
            title: "Hosts by \(bars.unit)", notes: ["hatched: no record for two days or more"]
        ) { row in
            guard let days = row.number("silent_days") else { return .series(2) }
            return days >= silence ? .series(2) : .plain(1)
        }
    }
}
