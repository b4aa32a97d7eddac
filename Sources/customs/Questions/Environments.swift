import ArgumentParser
import Query
import Settings
import Store

struct Environments: Question {
    static let configuration = CommandConfiguration(
        abstract: "Environments that Python runs from: conda, venv, module, container, ...",
        discussion: prose(
            """
            The kind follows from the prefix of the interpreter, by the patterns in the section [environments] of the
            configuration file, else by built-in ones.

            EXAMPLES
              customs environments --since 30d
              customs environments --include-staff --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var person: PersonOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var rows: LimitOptions
    @OptionGroup var publication: PublicOptions

    func answered(in context: QuestionContext) throws -> Answered {
        let kinds = EnvironmentKinds(try SettingsSources.load(path: store.config).environments)
        let asking = try Asking(
            store, selection.written + person.written + staff.written + rows.written + publication.written, form,
            in: context, accounts: selection.charged)
        let answer = try asking.answer(parts: .ofAll) { (filter, limit) throws(StoreError) in
            try EnvironmentUsage.ask(asking.connection, filter, kinds: kinds, limit: limit).answer
        }
        return try asking.answered(answer, as: form)
    }
}
