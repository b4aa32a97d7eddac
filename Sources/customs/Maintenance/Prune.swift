import ArgumentParser
import Query
import Record
import Store

struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take away the detail of old usage.",
        discussion: prose(
            """
            Runs, and the jobs that they belonged to, of all days before --older-than go. Daily sums stay, and so do jobs by
            month: 'top', 'trend', 'versions' and others still count users and processes of what was pruned, and 'trend' its
            jobs. A job itself goes 30 days after its last run at the earliest, for it may still run. It may be interrupted and
            run again; daemons go on writing meanwhile.

            What is old goes, whoever's it was: options that select usage are refused.

            EXAMPLES
              customs prune --older-than 400d --dry-run
              customs prune --older-than 2025-01-01 --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Option(help: ArgumentHelp("Days before this one: 400d for 400 days ago, or a date.", valueName: "when"))
    var olderThan: String

    @Flag(help: "Only say what would go.")
    var dryRun = false

    func validate() throws { _ = try Day(olderThan, "--older-than") }

    func run() throws {
        let day = try Day(olderThan, "--older-than").number
        let today = try Day("0d", "--older-than").number
        let location = try store.location()
        let pruning: Pruning
        if dryRun {
            pruning = try Pruning.preview(try location.reader(), before: day, today: today)
        } else {
            let progress = ProgressLine(name: "pruning")
            pruning = try Pruning.run(try location.maintainer(), before: day, today: today) { done, all in
                progress.show(Double(done) / Double(max(1, all)))
            }
            progress.clear()
        }
        let answer = JSON.object([
            "before": .text(Calendar.text(day: day)), "dry_run": .bool(dryRun), "runs": .integer(pruning.runs),
            "processes": .integer(pruning.processes), "jobs": .integer(pruning.jobs),
            "canary_records": .integer(pruning.canaryRecords), "quarantined": .integer(pruning.quarantined),
        ])
        try showFacts(answer, as: form)
    }
}
