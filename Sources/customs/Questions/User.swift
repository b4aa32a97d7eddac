import ArgumentParser
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
    @OptionGroup var form: FormatOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var packages: DirectOptions
    @OptionGroup var rows: LimitOptions

    @Argument(help: "The user's name.")
    var name: String

    func run() throws {
        var filter = try selection.filter
        filter.onlyDirect = packages.direct
        let asking = try Asking(store, filter)
        try asking.requireUser(name)
        let report = try UserReport.ask(asking.connection, filter, username: name, limit: rows.limit)
        if report.processes == 0 { try asking.explainEmptyAnswer() }
        let table = TextTable(headings: ["package"], rows: report.packages.map { [.text($0)] })
        try show(report.json, as: form, table: { _ in text(report) }, csv: { table })
    }

    private func text(_ report: UserReport) -> String {
        """
        \(JSON.text(report.username).cell): \(JSON.integer(report.jobs).cell) jobs, \
        \(JSON.integer(report.processes).cell) processes
        packages      \(report.packages.map { JSON.text($0).cell }.joined(separator: ", "))
        environments  \(report.environments.map { JSON.text($0).cell }.joined(separator: ", "))
        """
    }
}
