import ArgumentParser
import Query
import Store

struct Who: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Users of a package, to write to them.",
        discussion: prose(
            """
            Names are shown as stored. Users whose names became pseudonyms cannot be written to, and usage without a
            name has no row.

            EXAMPLES
              customs who numpy --older-than 2.0 --since 90d
              customs who dask --direct --format csv
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var person: PersonOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var packages: DirectOptions
    @OptionGroup var rows: LimitOptions

    @Argument(help: "The package's import name, as in 'import NAME'.", completion: DistributionNames.completion)
    var name: String

    @Option(help: ArgumentHelp("Only versions before this one, as PEP 440 orders them.", valueName: "version"))
    var olderThan: PackageVersion?

    func run() throws {
        let asking = try Asking(
            store, selection.written + person.written + staff.written + packages.written + rows.written)
        let found = try PackageUsers.ask(
            asking.connection, asking.filter, package: try asking.package(name), olderThan: olderThan,
            limit: asking.limit)
        if found.rows.isEmpty { try asking.explainEmptyAnswer() }
        try show(found.answer, as: form)
    }
}
