import ArgumentParser
import JSON
import Pages
import Query
import Record
import Store
import SystemClock

struct CanaryStatusCommand: Question {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Canary batches, the newest first: expected, received and lost records.",
        discussion: """
            loss_upper_95 is the upper bound of the loss at 95 % confidence (exact binomial). The states are \
            'submitted', 'running', 'complete', 'overdue' (missing records are lost) and 'failed' (it could not run, \
            which is no loss).

            EXAMPLES
              customs canary status --since 7d
              customs canary status --by path
              customs canary status --format json | jq '.[] | select(.state == "overdue")'
            """)

    enum Grouping: String, CaseIterable, ExpressibleByArgument {
        case run, path
    }

    static let plotted: PlottedQuestion? = .canaries

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions
    @OptionGroup var period: PeriodOptions
    @OptionGroup var rows: LimitOptions

    @Option(help: "run (the default), or path: all runs by partition, node and transport.")
    var by: Grouping = .run

    @Option(name: .customLong("run"), help: ArgumentHelp("Only this run.", valueName: "name"))
    var onlyRun: String?

    func answered(in context: QuestionContext) throws -> Answered {
        let now = wallClock()
        let options = try QuestionOptions(written: period.written + rows.written)
        var days: Int?
        if let first = options.filter.firstDay { days = max(0, Int(now / Calendar.microsecondsPerDay) - first + 1) }
        var report = try CanaryReport.ask(try context.connect(store), now: now, days: days, run: onlyRun)
        if let onlyRun, report.runs.isEmpty, days == nil {
            throw Failure(.noInput, "there is no run '\(printable(onlyRun))' of canaries")
        }
        report = report.submitted(from: options.filter.firstDay, through: options.filter.lastDay)
        if let limit = options.limit { report = report.first(limit) }
        return Answered(canaries: by == .run ? report.answer : report.byPath, as: form)
    }
}

extension Answered {
    /// An answer about canary batches, or about losses by path.
    init(canaries answer: Answer, as form: FormatOptions) {
        self.init(answer, as: form) { answer.rows.isEmpty ? "no canaries" : TextTable(answer).formatted(for: $0) }
    }
}
