import ArgumentParser
import JSON
import Query
import Store
import SystemClock

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
        let counts = health.answer(daemons)
        guard claims else { return try show(counts, as: form) }
        let report = try ClaimReport.ask(connection, limit: try QuestionOptions(written: rows.written).limit ?? 1_000)
        try show(health.answer(daemons, claims: report), as: form) { terminal in
            [counts, report.answer].map { TextTable($0).formatted(for: terminal) }.joined(separator: "\n\n")
        }
    }
}
