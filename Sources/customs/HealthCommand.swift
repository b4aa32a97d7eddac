import ArgumentParser
import Query
import Store

struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "What became of every message that was received.",
        discussion: prose(
            """
            received = stored + merged + duplicate + rejected + pending, at every moment; 'balanced' says whether it
            holds. customsd writes these counts with the records, so they are right on another machine and after its end.

            EXAMPLES
              customs health
              customs health --format json | jq .rejected
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var filter: FilterOptions

    func run() throws {
        let health = try Health.ask(try store.reader(), now: wallClock())
        let table = healthTable(health)
        show(health.json, as: store, table: { table.formatted(for: $0) }, csv: { table })
    }
}

/// The counts one below the other, rejects by reason.
func healthTable(_ health: Health) -> TextTable {
    guard case .object(let members) = health.json else { return TextTable(headings: [], rows: []) }
    let rows = members.flatMap { member -> [[JSON]] in
        guard member.key == "rejected", case .object(let reasons) = member.value else {
            return [[.text(member.key), member.value]]
        }
        let total = health.rejected.reduce(0) { $0 + $1.count }
        return [[.text("rejected"), .integer(total)]] + reasons.map { [.text("rejected.\($0.key)"), $0.value] }
    }
    return TextTable(headings: ["count", "value"], rows: rows)
}
