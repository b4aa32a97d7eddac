import ArgumentParser
import Query
import Store

struct JobSizesCommand: Question {
    static let configuration = CommandConfiguration(
        commandName: "jobsizes",
        abstract: "Jobs by their number of nodes.",
        discussion: prose(
            """
            Each job counts once, with its allocated nodes. With --direct it counts only if the user's own code imported
            the package, or any at all if none is named.

            EXAMPLES
              customs jobsizes --since 2026-01-01 --until 2026-06-30
              customs jobsizes mpi4py --format csv
            """))

    @OptionGroup var only: PackageChoice

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var filter: FilterOptions

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(store, filter.written, form, in: context, accounts: filter.selection.charged)
        try asking.refusePublicPart()
        let package = try only.name.map { try asking.package($0) }
        let answer = try asking.answer(parts: .ofAll) { (filter, limit) throws(StoreError) in
            try JobSizes.ask(asking.connection, filter, package: package, limit: limit).answer
        }
        return try asking.answered(answer, as: form, about: ["package": package])
    }
}
