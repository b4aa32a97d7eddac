import ArgumentParser
import JSON
import Query
import Store

struct User: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One person: jobs, processes, packages, environments.",
        discussion: prose(
            """
            The CSV form has the list of packages only. Usage by staff is included, because the person is named.
            --direct leaves out packages, and changes neither processes nor environments; --limit cuts both lists.

            EXAMPLES
              customs user alice --since 30d
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: AnswerOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var packages: DirectOptions
    @OptionGroup var rows: LimitOptions

    @Argument(help: "The user's name.", completion: StoreCompletion.names(.user))
    var name: String

    func run() throws {
        var asking = try Asking(
            store, selection.written + packages.written + rows.written, accounts: selection.charged)
        try asking.requireUser(name)
        let report = try UserReport.ask(asking.connection, asking.filter, username: name, limit: asking.limit)
        if report.processes == 0 { try asking.explainEmptyAnswer() }
        asking.noteUser(name)
        try asking.tell(report.answer, as: form) { _ in text(report) }
    }

    private func text(_ report: UserReport) -> String {
        """
        \(printable(report.username)): \(JSON.integer(report.jobs).cell) jobs, \
        \(JSON.integer(report.processes).cell) processes
        packages      \(report.packages.map { printable($0) }.joined(separator: ", "))
        environments  \(report.environments.map { printable($0) }.joined(separator: ", "))
        """
    }
}
