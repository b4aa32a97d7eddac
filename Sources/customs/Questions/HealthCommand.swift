import ArgumentParser
import JSON
import Query
import Store
import SystemClock

struct HealthCommand: Question {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Outcome of every received message.",
        discussion: prose(
            """
            received = stored + merged + duplicate + rejected + pending, at every moment; 'balanced' tells whether this
            holds. customsd writes these counts with the records, so they are right on another machine and after its
            end. --limit cuts the list of --claims.

            'daemons' has the last heartbeat of each daemon and its age in seconds. A daemon sends one a second. If it
            has been silent for longer, its figures are as old as its silence.

            EXAMPLES
              customs health
              customs health --format json | jq .rejected
              customs health --claims
            """))

    @Flag(
        help: """
            Also list jobs for which records and Slurm disagree: another user, account, QOS or partition. In JSON this \
            is the member 'claims'; the CSV form has only this list. It also has the number of records that named \
            another user than the kernel did ("foreign_name").
            """)
    var claims = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions
    @OptionGroup var rows: LimitOptions

    func validate() throws {
        if rows.limit != nil && !claims { throw ValidationError("--limit: needs --claims") }
    }

    func answered(in context: QuestionContext) throws -> Answered {
        let connection = try context.connect(store)
        let now = wallClock()
        let health = try Health.ask(connection, now: now)
        let daemons = try DaemonReport.ask(connection, now: now)
        guard claims else { return Answered(health.answer(daemons), as: form) }
        let report = try ClaimReport.ask(connection, limit: try QuestionOptions(written: rows.written).limit ?? 1_000)
        return Answered(health.answer(daemons, claims: report), as: form) { terminal in
            [health.answer(daemons, further: Health.foreignNames(report)), report.answer].map {
                TextTable($0).formatted(for: terminal)
            }.joined(separator: "\n\n")
        }
    }
}
