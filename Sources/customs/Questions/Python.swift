import ArgumentParser
import Query
import Store

struct Python: Question {
    static let configuration = CommandConfiguration(
        abstract: "Versions and implementations of Python in use.",
        discussion: prose(
            """
            Rows with most users come first.

            EXAMPLES
              customs python --since 30d
              customs python --compute --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var person: PersonOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var rows: LimitOptions
    @OptionGroup var publication: PublicOptions

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(
            store, selection.written + person.written + staff.written + rows.written + publication.written, form,
            in: context, accounts: selection.charged)
        let answer = try asking.answer(parts: .ofAll) { (filter, limit) throws(StoreError) in
            try InterpreterUsage.ask(asking.connection, filter, limit: limit).answer
        }
        return try asking.answered(answer, as: form)
    }
}
