import ArgumentParser
import JSON
import Query
import Record
import Store

struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete old runs, keep daily sums.",
        discussion: prose(
            """
            Prune deletes the runs of all days before --older-than, and their jobs. Daily sums and monthly counts of
            jobs stay. So 'top', 'trend', 'versions' and others still count users and processes of pruned runs, and
            'trend' counts their jobs. A job is deleted at the earliest 30 days after its last run, because it may still
            run. The command may be interrupted and run again. Daemons go on writing meanwhile.

            Prune applies to all old usage; options that select usage are refused.

            EXAMPLES
              customs prune --older-than 400d --dry-run
              customs prune --older-than 2025-01-01 --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Option(help: ArgumentHelp("Days before this one: 400d for 400 days ago, or a date.", valueName: "when"))
    var olderThan: String

    @Flag(help: "Only count the rows that would be deleted.")
    var dryRun = false

    func validate() throws {
        try form.format.refusePicture()
        _ = try Day(olderThan, of: "--older-than")
    }

    func run() throws {
        let day = try Day(olderThan, of: "--older-than").number
        let today = try Day("0d", of: "--older-than").number
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
        let facts: KeyValuePairs<String, JSON> = [
            "before": .text(Calendar.text(day: day)), "dry_run": .bool(dryRun), "runs": .integer(pruning.runs),
            "processes": .integer(pruning.processes), "jobs": .integer(pruning.jobs),
            "canary_records": .integer(pruning.canaryRecords), "quarantined": .integer(pruning.quarantined),
        ]
        try show(Answer(facts: facts), as: form)
    }
}
