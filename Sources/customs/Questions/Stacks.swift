import ArgumentParser
import Query
import Store

struct Stacks: Question {
    static let configuration = CommandConfiguration(
        abstract: "Whole sets of package versions that are used together.",
        discussion: prose(
            """
            With --direct a set has only the packages that the user's own code imported.

            EXAMPLES
              customs stacks --limit 10
              customs stacks --direct --since 30d --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var filter: FilterOptions

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(store, filter.written, form, in: context, accounts: filter.selection.charged)
        let answer = try asking.answer(parts: .ofAll) { (filter, limit) throws(StoreError) in
            try StackUsage.ask(asking.connection, filter, limit: limit).answer
        }
        return try asking.answered(answer, as: form)
    }
}
