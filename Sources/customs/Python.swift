import ArgumentParser
import Query
import Store

struct Python: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Which versions and implementations of Python are run.",
        discussion: prose(
            """
            Those of most users first. --direct changes nothing: it is about packages.

            EXAMPLES
              customs python --since 30d
              customs python --compute --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var filter: FilterOptions

    func run() throws {
        let answer = try InterpreterUsage.ask(try store.reader(), try filter.filter, limit: filter.limit)
        show(answer.json, ["python", "implementation", "users", "jobs", "processes"], as: store)
    }
}
