import ArgumentParser
import Query
import Store

struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Packages that nobody used before.",
        discussion: prose(
            """
            Those used since --since, 30 days unless it is given, and on no day before by anybody who counts: what only the staff
            used before is new, unless --include-staff is given, and so is with --compute what was used on login nodes only.

            EXAMPLES
              customs new --since 7d
              customs new --direct --since 2026-11-01
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions
    @OptionGroup var filter: FilterOptions

    func run() throws {
        var filter = try self.filter.filter
        if filter.firstDay == nil { filter.firstDay = try Day("30d", "--since").number }
        let asking = try Asking(store, filter)
        let answer = try NewPackages.ask(asking.connection, filter, limit: self.filter.limit)
        if answer.rows.isEmpty { try asking.explainEmptyAnswer(otherwise: "no package is new") }
        try show(answer.json, ["package", "first_seen", "users", "jobs"], as: form)
    }
}
