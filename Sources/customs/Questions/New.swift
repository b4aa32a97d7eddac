import ArgumentParser
import Query
import Store

struct New: Question {
    static let configuration = CommandConfiguration(
        abstract: "Packages that were not used before.",
        discussion: prose(
            """
            The answer has the packages used since --since (by default 30 days ago) and on no day before. Only usage
            that these options select counts. So a package that only the staff used before is new, unless
            --include-staff is given. With --compute, a package that was used only on login nodes before is new.

            EXAMPLES
              customs new --since 1w
              customs new --month last-month
              customs new --direct --since 2026-11-01
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var filter: FilterOptions

    func answered(in context: QuestionContext) throws -> Answered {
        let written = filter.written
        let asking = try Asking(
            store, written[.month] == nil ? [.since: "30d"] + written : written, form,
            in: context, accounts: filter.selection.charged)
        let answer = try asking.answer(otherwise: "no package is new") { (filter, limit) throws(StoreError) in
            try NewPackages.ask(asking.connection, filter, limit: limit).answer
        }
        return try asking.answered(answer, as: form)
    }
}
