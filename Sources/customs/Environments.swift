import ArgumentParser
import Query
import Settings
import Store

struct Environments: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "From where Python is run: conda, venv, module, container, ...",
        discussion: prose(
            """
            The kind is told from the prefix of the interpreter, by the patterns in the section [environments] of the
            configuration file, else by built-in ones. --direct changes nothing: it is about packages.

            EXAMPLES
              customs environments --since 30d
              customs environments --include-staff --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var filter: FilterOptions

    func run() throws {
        let kinds = EnvironmentKinds(try SettingsSources.load(path: store.config).environments)
        let answer = try EnvironmentUsage.ask(
            try store.reader(), try filter.filter, kinds: kinds, limit: filter.limit)
        show(answer.json, ["kind", "prefix", "users", "jobs"], as: store)
    }
}
