import ArgumentParser
import Query
import Store

struct Versions: Question {
    static let configuration = CommandConfiguration(
        abstract: "The versions of a package that are used, the newest first.",
        discussion: prose(
            """
            Versions that are not valid by PEP 440 come last, and --older-than leaves them out.

            EXAMPLES
              customs versions numpy --since 90d
              customs versions numpy --older-than 2.0
            """))

    @Argument(help: "The package's import name, as in 'import NAME'.", completion: StoreCompletion.names(.package))
    var name: String

    @Option(help: ArgumentHelp("Only versions before this one, as PEP 440 orders them.", valueName: "version"))
    var olderThan: WrittenVersion?

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var filter: FilterOptions

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(store, filter.written, form, in: context, accounts: filter.selection.charged)
        let package = try asking.package(name)
        if olderThan != nil, asking.filter.leastUsers > 0 {
            throw Failure(.usage, "--public tells of all versions only: leave out --older-than")
        }
        let answer = try asking.answer(parts: .ofAll) { (filter, limit) throws(StoreError) in
            try VersionUsage.ask(
                asking.connection, filter, package: package, olderThan: olderThan?.version, limit: limit
            ).answer
        }
        return try asking.answered(answer, as: form, about: ["package": package, "older_than": olderThan?.text])
    }
}
