import ArgumentParser
import Query
import Store

struct Python: ParsableCommand {
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
    @OptionGroup var form: FormatOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var rows: LimitOptions
    @OptionGroup var publication: PublicOptions

    func run() throws {
        let asking = try Asking(
            store, selection.written + staff.written + rows.written + publication.written)
        let found = try InterpreterUsage.ask(asking.connection, asking.filter, limit: asking.limit)
        if found.rows.isEmpty { try asking.explainEmptyAnswer() }
        try show(found.answer, as: form)
    }
}
