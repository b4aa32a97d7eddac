import ArgumentParser
import Query
import Store

struct Who: Question {
    static let configuration = CommandConfiguration(
        abstract: "Users of a package, a Python or an environment, to write to them.",
        discussion: prose(
            """
            The answer to who breaks when something goes: people with their jobs, accounts and most used programs, most
            processes first. Without PACKAGE it needs --python or --prefix.

            Names are shown as stored. Users whose names became pseudonyms cannot be written to, and usage without a
            name has no row. --emails adds addresses. A file has a line USER,ADDRESS for each person.

            EXAMPLES
              customs who numpy --older-than 2.0 --since 90d
              customs who --python '<3.9' --by last-seen
              customs who --prefix '/opt/conda/envs/old*' --emails '{user}@example.org'
              customs who dask --direct --by node-hours --emails people.csv --format csv
            """))

    @Argument(help: "The package's import name, as in 'import NAME'.", completion: StoreCompletion.names(.package))
    var package: String?

    @Option(help: ArgumentHelp("Only versions of it before this one, as PEP 440 orders them.", valueName: "version"))
    var olderThan: WrittenVersion?

    @Option(help: "Sort by processes (the default), jobs, node-hours or last-seen.")
    var by: AffectedUsers.Order = .processes

    @Option(help: ArgumentHelp("Add addresses: a template with {user}, or a file.", valueName: "template|file"))
    var emails: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var person: PersonOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var packages: DirectOptions
    @OptionGroup var rows: LimitOptions

    func validate() throws {
        guard package == nil else { return }
        if selection.python == nil, selection.prefix == nil {
            throw ValidationError("name a package, --python or --prefix, as in: customs who --python '<3.9'")
        }
        if olderThan != nil { throw ValidationError("--older-than: needs a package") }
        if packages.direct { throw ValidationError("--direct: needs a package") }
    }

    func answered(in context: QuestionContext) throws -> Answered {
        let addresses = try emails.map { try MailAddresses(option: $0) }
        let asking = try Asking(
            store, selection.written + person.written + staff.written + packages.written + rows.written, form,
            in: context, accounts: selection.charged, needsMapping: true)
        let package = try package.map { try asking.package($0) }
        let found = try AffectedUsers.ask(
            asking.connection, asking.filter, package: package, olderThan: olderThan?.version, by: by,
            limit: asking.askedLimit)
        if found.rows.isEmpty { try asking.explainEmptyAnswer() }
        let arguments: KeyValuePairs = [
            "package": package, "older_than": olderThan?.text, "by": by == .processes ? nil : by.rawValue,
        ]
        return try asking.answered(found.answer(addresses: addresses), as: form, about: arguments) {
            TextTable(found.table(addresses: addresses)).formatted(for: $0)
        }
    }
}

extension AffectedUsers.Order: ExpressibleByArgument {}
