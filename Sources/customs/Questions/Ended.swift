import ArgumentParser
import Query
import Store

struct Ended: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends of processes, by the packages that they used.",
        discussion: prose(
            """
            exit is a normal end, and exception an error that the program did not catch. signal is an end by a signal
            with a handler. killed is an end after which only a trace was found.

            EXAMPLES
              customs ended --limit 20
              customs ended --package torch --compute --since 30d
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var filter: FilterOptions

    @Option(help: "Only this package.", completion: DistributionNames.completion)
    var package: String?

    func run() throws {
        let asking = try Asking(store, filter.written, form, accounts: filter.selection.charged)
        try asking.refusePublicPart()
        let package = try self.package.map { try asking.package($0) }
        let answer = try asking.answer { (filter, limit) throws(StoreError) in
            try ProcessEnds.ask(asking.connection, filter, package: package, limit: limit).answer
        }
        try asking.tell(answer, as: form, about: ["package": package])
    }
}
