import ArgumentParser
import Query
import Store

struct JobSizesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobsizes",
        abstract: "Jobs by their number of nodes.",
        discussion: prose(
            """
            Each job counts once, with the nodes that it was given. With --direct it counts if the user's own code imported
            --package, or anything at all.

            EXAMPLES
              customs jobsizes --since 2026-01-01 --until 2026-06-30
              customs jobsizes --package mpi4py --format csv
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var filter: FilterOptions

    @Option(help: "Only jobs in which this package was used.")
    var package: String?

    func run() throws {
        let answer = try JobSizes.ask(
            try store.reader(), try filter.filter, package: package, limit: filter.limit)
        show(answer.json, ["nodes", "jobs"], as: store, bar: "jobs")
    }
}
