import ArgumentParser
import JSON
import Query
import Report
import Settings
import Store
import SystemClock

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "The monthly report: one file of HTML to read, print or publish, or a text for mail.",
        discussion: prose(
            """
            The report has totals and their change against the month before, and the most used packages, systems and
            accounts. It tells of GPU and CPU jobs, versions of Python with their ends of life, environments, old
            versions, how processes and jobs end, and the quality of the data. Without --month or --since it is about
            last month. A month that is not over, or that has lost runs by pruning, is marked as such.

            With a file on accounts (--accounts, or that of the configuration) it also tells of fields of science.

            The HTML is one file without scripts that loads nothing else. Without -o the report goes to standard output:
            HTML into a pipe or a file, text on a terminal. With -o the ending of the file's name decides (.html, .txt,
            .json), and the file is replaced at once when the report is whole. --limit (by default 20) cuts each long
            table.

            --old counts the users of versions before one, as 'customs who PACKAGE --older-than VERSION' lists them.
            Without it these are numpy<2, pandas<2, torch<2, tensorflow<2, mpi4py<4 and h5py<3.

            --public leaves out what may not be published: accounts, systems, GPU and CPU jobs, old versions, ends of
            jobs, and exact numbers.

            EXAMPLES
              customs report --month 2026-10 -o report.html
              customs report --format text | mail -s 'Use of Python' staff@example.org
              customs report --month last-month --public -o /var/www/html/python.html
              customs report --system cori --old 'numpy<2' --old 'dask<2024' -o cori.html
              customs report --since 2026-07-01 --until 2026-09-30 -o quarter.html
            """))

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case html, text, json
    }

    @Option(
        name: [.short, .long], help: ArgumentHelp("Write to this file; - is standard output.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(help: "html, text or json; by default as the name of the file says.")
    var format: Format?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Count users of versions before this one, as 'numpy<2'; may be repeated.", valueName: "package<version"),
        completion: StoreCompletion.names(.package))
    var old: [OldVersions] = []

    @OptionGroup var store: StoreOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var rows: LimitOptions
    @OptionGroup var publication: PublicOptions

    func validate() throws {
        if publication.isPublic, !old.isEmpty {
            throw ValidationError("--old: not with --public; the difference of two versions may be one person")
        }
    }

    func run() throws {
        let file = output == "-" ? nil : try output.map { try WholeFile($0) }
        var written = selection.written + staff.written + rows.written + publication.written
        if written[.since] == nil, written[.until] == nil, written[.month] == nil { written[.month] = "last-month" }
        let kinds = EnvironmentKinds(try store.settings().environments)
        let asking = try Asking(
            store, written, accounts: selection.charged, needsMapping: !publication.isPublic)
        try asking.refusePublicPart()
        var choices = MonthlyReport.Choices()
        choices.limit = asking.limit ?? choices.limit
        choices.kinds = kinds
        choices.filters = asking.described
        if !old.isEmpty { choices.oldVersions = try old.map { $0.of(package: try asking.package($0.package)) } }
        let report = try MonthlyReport.ask(asking.connection, asking.filter, choices, now: wallClock())
        if report.isEmpty { try asking.explainEmptyAnswer() }
        Spinner.stop()
        try write(report, to: file)
    }

    private func write(_ report: MonthlyReport, to file: WholeFile?) throws {
        let isForTerminal = file == nil && Terminal.isOutput
        switch format ?? named ?? (isForTerminal ? .text : .html) {
        case .html: try write(report.html, to: file)
        case .json: try write(report.answer.text(as: .json), to: file)
        case .text where isForTerminal: try Terminal(plain: false).show(report.mail)
        case .text: try write(report.mail + "\n", to: file)
        }
    }

    private func write(_ text: String, to file: WholeFile?) throws {
        if let file { try file.write(text) } else { try StandardOutput.write(text) }
    }

    /// The format by the ending of the file's name; nil without a file.
    private var named: Format? {
        guard let output, output != "-" else { return nil }
        if output.hasSuffix(".txt") { return .text }
        return output.hasSuffix(".json") ? .json : .html
    }
}

extension OldVersions: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
