import JSON
import Record
import Store

/// What a report says of itself, in words.
extension MonthlyReport {
    /// The whole report as JSON: what `customs summary` answers, the data's quality, and an array for each section.
    public var answer: Answer {
        Answer(
            facts: head + [JSON.Member("made", .day(Int64(made))), JSON.Member("public", .bool(isPublic))]
                + quality.members + sections.map { JSON.Member($0.name.rawValue, $0.answer.json) })
    }

    /// The totals as a table.
    public var totalsAnswer: Answer {
        let plain: [Field<Total>] = [.text("total") { $0.name }, .any("value") { $0.value }]
        if before == nil { return Answer(totals, plain) }
        // changes of coarse numbers would mislead
        let changes: [Field<Total>] =
            isPublic ? [] : [.any("change") { $0.change }, .any("change_percent") { $0.changePercent }]
        return Answer(totals, plain + [.any("before") { $0.before }] + changes)
    }

    /// The heading of a section's table: what its rows are about, and what `change` is against.
    public func caption(of section: ReportSection) -> String {
        let measure = section.answer.measure.map { section.answer.columns[$0].heading.replacing("_", with: " ") }
        guard let before, let measure, section.answer.columns.contains(where: { $0.name == "change" }) else {
            return section.caption
        }
        return "\(section.caption); before and change are the \(measure) of \(before)"
    }

    /// `Use of Python in October 2026`, or `from 2026-07-01 to 2026-09-30`.
    public var title: String {
        guard let period else { return "Use of Python" }
        return "Use of Python \(MonthlyReport.name(of: period))"
    }

    /// What a reader must know before any number: days that are missing, and what counts.
    public var notices: [String] {
        guard let period else { return ["The store has no usage yet."] }
        var notices: [String] = []
        if isEmpty {
            notices.append(isPublic ? "Nothing may be told of this period." : "There is no usage in this period.")
        }
        if made < period.first {
            notices.append("The period has not begun.")
        } else if !period.isOver {
            notices.append("The period is not over: all numbers are of the days up to \(Calendar.text(day: made)).")
        }
        if period.isPruned { notices.append("Old runs of this period were deleted: \(MonthlyReport.lost)") }
        if let before {
            if !before.isOver { notices.append("The period that it is compared with is not over.") }
            if before.isPruned {
                notices.append("Old runs of the period that it is compared with were deleted: \(MonthlyReport.lost)")
            }
        }
        if isPublic {
            notices.append(
                "For publication: numbers are rounded down, groups of fewer than \(UsageFilter.publicUsers) people are"
                    + " left out, and only users whose names are vouched for count.")
        }
        return notices
    }

    private static let lost = "their jobs and hours, and the ways in which they ended, are missing."

    /// What counts besides the days, such as `system: perlmutter`.
    public var conditions: [String] {
        filters.compactMap { member in
            switch (member.key, member.value) {
            case ("public", _), ("limit", _): nil
            case ("include_staff", .bool(true)): "the centre's staff counts"
            case ("include_staff", _): "without the centre's staff"
            case (let key, .bool(true)): key
            default: "\(member.key): \(member.value.plain)"
            }
        }
    }

    /// The data's quality, a sentence for each fact.
    public var qualityNotes: [String] {
        guard let period else { return [] }
        var notes = [
            period.isComplete
                ? "All days of the period are over, and none has lost runs."
                : "The period is not whole: \(period.isOver ? "runs were deleted" : "it is not over")."
        ]
        if let loss = canaryLoss { notes.append(loss) }
        if !silentDays.isEmpty { notes.append("No usage is known of \(silentDays.joined(separator: ", ")).") }
        if let hosts = quality.silentHosts, hosts > 0 {
            notes.append("\(JSON.integer(hosts).cell) hosts have fallen silent: customs hosts --silent 7 names them.")
        }
        return notes
    }

    private var canaryLoss: String? {
        guard let loss = quality.canaries.loss, let upper = quality.canaries.upper else {
            return "No canary batch of the period has ended, so the loss of records is not known."
        }
        return """
            Canaries: \(JSON.integer(quality.canaries.lost).cell) of \(JSON.integer(quality.canaries.expected).cell) \
            test records were lost, \(JSON.real(loss * 100).cell) %; with 95 % confidence at most \
            \(JSON.real(upper * 100).cell) %.
            """
    }

    /// Days without usage; ranges have their first and last day.
    private var silentDays: [String] {
        var ranges: [ClosedRange<Int>] = []
        for day in quality.silentDays {
            if let last = ranges.last, last.upperBound + 1 == day {
                ranges[ranges.count - 1] = last.lowerBound...day
            } else {
                ranges.append(day...day)
            }
        }
        return ranges.map {
            $0.count == 1
                ? Calendar.text(day: $0.lowerBound)
                : "\(Calendar.text(day: $0.lowerBound)) to \(Calendar.text(day: $0.upperBound))"
        }
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    private static func name(of period: Period) -> String {
        let month = CalendarMonth(containing: period.first)
        guard period.first == month.firstDay, period.last == month.lastDay else { return "from \(period)" }
        let date = Calendar.date(days: period.first)
        return "in \(months[date.month - 1]) \(date.year)"
    }
}
