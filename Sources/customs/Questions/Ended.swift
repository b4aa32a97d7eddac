import ArgumentParser
import Query
import Store

struct Ended: Question {
    static let configuration = CommandConfiguration(
        abstract: "Ends of processes and of jobs, by the packages that they used.",
        discussion: prose(
            """
            exit is a normal end, and exception an error that the program did not catch. signal is an end by a signal
            with a handler. killed is an end after which only a trace was found. % is the part of the processes.

            failed_jobs are jobs in which at least one of these processes did not exit normally, and killed_jobs those
            in which at least one was killed. % behind them is their part of the jobs.

            EXAMPLES
              customs ended --limit 20
              customs ended torch --compute --since 30d
              customs ended --columns package,jobs,failed_jobs_percent --sort failed_jobs_percent
            """))

    @OptionGroup var only: PackageChoice

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var filter: FilterOptions

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(store, filter.written, form, in: context, accounts: filter.selection.charged)
        try asking.refusePublicPart()
        let package = try only.name.map { try asking.package($0) }
        let answer = try asking.answer { (filter, limit) throws(StoreError) in
            try ProcessEnds.ask(asking.connection, filter, package: package, limit: limit).answer
        }
        return try asking.answered(answer, as: form, about: ["package": package]) { table(answer, for: $0) }
    }

    /// The counts, with as much as lines have room for: the parts of all processes behind those of bad ends, and the
    /// jobs.
    private func table(_ answer: Answer, for terminal: Terminal) -> String {
        let ends = ["exit", "exception", "signal", "killed"]
        let ofJobs = ["failed_jobs", "killed_jobs"]
        let short = Dictionary(uniqueKeysWithValues: (ends + ofJobs).map { ("\($0)_percent", "%") })
        func text(_ columns: [String]) -> String {
            let shown = try? answer.shaped(AnswerShape(columns: ["package", "processes"] + columns))
            return TextTable(shown ?? answer, headings: short).formatted(for: terminal)
        }
        func withParts(_ columns: some Sequence<String>) -> [String] { columns.flatMap { [$0, "\($0)_percent"] } }
        // exit is the rest
        let parts = ["exit"] + withParts(ends.dropFirst())
        for wide in [text(parts + ["jobs"] + withParts(ofJobs)), text(parts)] {
            // the first line may steer the terminal
            let rows = wide.split(separator: "\n").dropFirst()
            guard let columns = terminal.size?.columns, rows.contains(where: { $0.columns > columns }) else {
                return wide
            }
        }
        return text(ends)
    }
}
