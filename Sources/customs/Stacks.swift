import ArgumentParser
import Query
import Store

struct Stacks: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Whole sets of package versions that are used together.",
        discussion: prose(
            """
            With --direct a set is what the user's own code imported.

            EXAMPLES
              customs stacks --limit 10
              customs stacks --direct --since 30d --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var filter: FilterOptions

    func run() throws {
        let answer = try StackUsage.ask(try store.reader(), try filter.filter, limit: filter.limit)
        show(answer.json, ["stack", "packages", "users", "jobs"], as: store)
    }
}
