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
            configuration file, else by built-in ones. --kinds adds them up: do people use the centre's module, or their
            own conda?

            EXAMPLES
              customs environments --since 30d
              customs environments --kinds --since 30d
              customs environments --include-staff --format json
            """))

    @Flag(name: .customLong("kinds"), help: "A row for each kind: users, jobs, processes, node hours.")
    var isByKind = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var person: PersonOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var rows: LimitOptions
    @OptionGroup var publication: PublicOptions

    func validate() throws {
        if isByKind, publication.isPublic { throw ValidationError("--kinds: not with --public") }
    }

    func answered(in context: QuestionContext) throws -> Answered {
        let kinds = EnvironmentKinds(try SettingsSources.load(path: store.config).environments)
        let asking = try Asking(
            store, selection.written + person.written + staff.written + rows.written + publication.written, form,
            in: context, accounts: selection.charged)
        let answer = try asking.answer(parts: .ofAll) { (filter, limit) throws(StoreError) in
            isByKind
                ? try EnvironmentUsage.byKind(asking.connection, filter, kinds).first(limit)
                : try EnvironmentUsage.ask(asking.connection, filter, kinds: kinds, limit: limit).answer
        }
        return try asking.answered(answer, as: form)
    }
}
