import ArgumentParser
import Query
import Store

struct Trend: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Users and jobs of packages, month by month.",
        discussion: prose(
            """
            Months without use are left out; --limit keeps the newest of each package. Users of what was pruned are kept by day, and so remain
            when runs have been pruned.

            EXAMPLES
              customs trend dask
              customs trend torch tensorflow jax --since 365d --format csv
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var filter: FilterOptions

    @Argument(help: "Import names of packages.")
    var names: [String]

    func validate() throws {
        if names.isEmpty { throw ValidationError("name at least one package, as in: customs trend numpy") }
    }

    func run() throws {
        let connection = try store.reader()
        let answer = try PackageTrend.ask(
            connection, try filter.filter, packages: names, limit: filter.limit)
        try hint(at: names, in: connection)
        show(answer.json, ["package", "month", "users", "jobs"], as: store, bar: "jobs")
    }
}
