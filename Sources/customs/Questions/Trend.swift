import ArgumentParser
import Query
import Store

struct Trend: Question {
    static let configuration = CommandConfiguration(
        abstract: "Users and jobs of packages, month by month.",
        discussion: prose(
            """
            Months without use are left out; --limit keeps the newest of each package. Users are kept by day, so they
            remain after runs have been pruned.

            EXAMPLES
              customs trend dask
              customs trend torch tensorflow jax --since 365d --format csv
            """))

    @Argument(help: "Import names of packages.", completion: StoreCompletion.names(.package))
    var names: [String]

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var filter: FilterOptions

    func validate() throws {
        if names.isEmpty { throw ValidationError("name at least one package, as in: customs trend numpy") }
    }

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(store, filter.written, form, in: context, accounts: filter.selection.charged)
        let packages = try names.map { try asking.package($0) }
        let answer = try asking.answer(parts: .of(column: "package")) { (filter, limit) throws(StoreError) in
            try PackageTrend.ask(asking.connection, filter, packages: packages, limit: limit).answer
        }
        return try asking.answered(answer, as: form, about: ["packages": packages.joined(separator: " ")])
    }
}
