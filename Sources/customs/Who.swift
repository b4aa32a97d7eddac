import ArgumentParser
import Query
import Store

struct Who: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Who uses a package, to write to them.",
        discussion: prose(
            """
            Names are as they are stored: those whose names became pseudonyms cannot be written to, and usage without a name has no
            row.

            EXAMPLES
              customs who numpy --older-than 2.0 --since 90d
              customs who dask --direct --format csv
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var filter: FilterOptions

    @Argument(help: "The package's import name, as in 'import NAME'.")
    var name: String

    @Option(help: ArgumentHelp("Only versions before this one, as PEP 440 orders them.", valueName: "version"))
    var olderThan: ComparableVersion?

    func run() throws {
        try filter.refusePublic("single people")
        let connection = try store.reader()
        let answer = try PackageUsers.ask(
            connection, try filter.filter, package: name, olderThan: olderThan?.version,
            limit: filter.limit)
        try hint(at: [name], in: connection)
        show(answer.json, ["username", "jobs", "processes", "last_seen", "versions"], as: store)
    }
}
