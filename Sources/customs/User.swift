import ArgumentParser
import Query
import Store

struct User: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One person: jobs, processes, packages, environments.",
        discussion: prose(
            """
            In CSV it is the list of packages. Staff or not: whoever asks for a person by name means it. --direct leaves out
            packages, and changes neither processes nor environments; --limit cuts both lists.

            EXAMPLES
              customs user alice --since 30d
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var filter: FilterOptions

    @Argument(help: "The user's name.")
    var name: String

    func run() throws {
        try filter.refusePublic("one person")
        let report = try UserReport.ask(
            try store.reader(), try filter.filter, username: name, limit: filter.limit)
        let packages = TextTable(headings: ["package"], rows: report.packages.map { [.text($0)] })
        show(report.json, as: store, table: { _ in text(report) }, csv: { packages })
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
