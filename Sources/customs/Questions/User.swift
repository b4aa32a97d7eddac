import ArgumentParser
import JSON
import Query
import Store

struct User: Question {
    static let configuration = CommandConfiguration(
        abstract: "One person: jobs, processes, packages, environments, and how the last jobs ended.",
        discussion: prose(
            """
            Of the last jobs the table has the state by Slurm, how the person's processes ended, and the packages that
            the user's own code imported first. 'customs job ID' tells more of one. JSON has ten of them, a terminal
            five, and --limit changes that.

            The CSV form has the list of packages only. Usage by staff is included, because the person is named.
            --direct leaves out packages, and changes neither processes nor environments; --limit cuts all lists.

            EXAMPLES
              customs user alice
              customs user alice --since 30d
            """))

    @Argument(help: "The user's name.", completion: StoreCompletion.names(.user))
    var name: String

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: AnswerOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var packages: DirectOptions
    @OptionGroup var rows: LimitOptions

    func validate() throws { try form.form.format.refusePicture() }

    func answered(in context: QuestionContext) throws -> Answered {
        var asking = try Asking(
            store, selection.written + packages.written + rows.written, in: context, accounts: selection.charged)
        try asking.requireUser(name)
        let report = try UserReport.ask(asking.connection, asking.filter, username: name, limit: asking.limit)
        if report.processes == 0 { try asking.explainEmptyAnswer() }
        asking.noteUser(name)
        return asking.answered(report.answer, as: form) { text(report, for: $0) }
    }

    /// On a terminal all of it fits the screen, most used and newest first.
    private func text(_ report: UserReport, for terminal: Terminal) -> String {
        let head = """
            \(printable(report.username)): \(JSON.integer(report.jobs).cell) jobs, \
            \(JSON.integer(report.processes).cell) processes
            """
        var lists = FactList(for: terminal)
        lists.add("packages", report.packages, mostLines: User.mostLines)
        lists.add("environments", report.environments, mostLines: User.mostLines)
        let isShort = terminal.size != nil && rows.limit == nil
        let jobs = report.lastJobs.table(limit: isShort ? User.mostJobs : .max)
        let table = jobs.rows.isEmpty ? [] : ["", TextTable(jobs, headings: User.headings).formatted(for: terminal)]
        return ([head, lists.text] + table).joined(separator: "\n")
    }

    /// Lines of a list on a terminal, and rows of jobs: with the lines above them they fit one of 24 rows.
    private static let mostLines = 5
    private static let mostJobs = 5
    private static let headings = ["job": "last jobs", "last_seen": "last seen"]
}
