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
            --limit cuts the list of --claims.

            'daemons' has the last word of each daemon and how many seconds ago that was. A daemon speaks once a second: the
            figures of one that has been silent for longer are as old as its silence.

            EXAMPLES
              customs health
              customs health --format json | jq .rejected
              customs health --claims
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions
    @OptionGroup var rows: LimitOptions

    @Flag(
        help: """
            Also list what records said of their jobs and Slurm denies: another user, account, QOS or partition. In JSON \
            it is the member 'claims'; in CSV it is all that is written.
            """)
    var claims = false

    func validate() throws {
        if rows.limit != nil && !claims { throw ValidationError("--limit: means nothing without --claims") }
    }

    func run() throws {
        let connection = try store.reader()
        let now = wallClock()
        let health = try Health.ask(connection, now: now)
        let daemons = try DaemonReport.ask(connection, now: now)
        var table = healthTable(health)
        table.rows += daemonRows(daemons)
        guard case .object(let counts) = health.json else { return }
        let members = counts + [JSON.Member("daemons", daemons.json)]
        guard claims else {
            return try show(.object(members), as: form, table: { table.formatted(for: $0) }, csv: { table })
        }
        let report = try ClaimReport.ask(connection, limit: rows.limit ?? 1_000)
        let differences = TextTable(
            headings: ["job", "cluster", "restart", "field", "claimed", "slurm"],
            rows: report.differences.map {
                [
                    .text($0.jobID), .text($0.cluster), .integer($0.restart), .text($0.field), .text($0.claimed),
                    .text($0.actual),
                ]
            })
        try show(
            .object(members + [JSON.Member("claims", report.json)]), as: form,
            table: { table.formatted(for: $0) + "\n\n" + differences.formatted(for: $0) }, csv: { differences })
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

/// How long ago each daemon has spoken.
private func daemonRows(_ report: DaemonReport) -> [[JSON]] {
    report.daemons.map { daemon in
        // of two on one machine each has a journal of its own
        let isOnlyOne = report.daemons.filter { $0.host == daemon.host }.count == 1
        let name = isOnlyOne ? daemon.host : "\(daemon.host)/\(daemon.identity.prefix(8))"
        return [.text("last_word_seconds.\(name)"), daemon.silentSeconds.map { .real($0) } ?? .null]
    }
}
