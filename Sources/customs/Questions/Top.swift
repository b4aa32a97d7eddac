import ArgumentParser
import Query
import Store

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Most used packages.",
        discussion: prose(
            """
            Each user counts once, and each job once for each package used in it. Staff is left out unless
            --include-staff is given.

            EXAMPLES
              customs top --limit 20
              customs top --by node-hours --since 2026-01-01 --until 2026-03-31
              customs top --month last-month --tz America/Los_Angeles
              customs top --direct --format csv > packages.csv
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions
    @OptionGroup var filter: FilterOptions

    @Option(help: "Sort by users (the default), jobs, processes or node-hours.")
    var by: TopPackages.Order = .users

    func run() throws {
        let asking = try Asking(store, filter.written)
        let answer = try asking.answer { (filter, limit) throws(StoreError) in
            try TopPackages.ask(asking.connection, filter, by: by, limit: limit).answer
        }
        try show(answer, as: form)
    }
}

extension TopPackages.Order: ExpressibleByArgument {}
