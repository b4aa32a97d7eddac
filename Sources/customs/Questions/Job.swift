import ArgumentParser
import JSON
import Query
import Record
import Store

struct Job: Question {
    static let configuration = CommandConfiguration(
        abstract: "One job: its data, and its Python processes.",
        discussion: prose(
            """
            What the job was, how it ended and by whose word, and what its processes used. A run is what processes alike
            did on one day. On a terminal the table of runs is there if it fits the screen, or with --runs. JSON has all
            that is known; the CSV form has the runs.

            The answer covers the whole job. Slurm reuses job numbers: of several jobs with one number, the answer has
            the newest, or the one of --day. same_number has the days of the others.

            EXAMPLES
              customs job 4242
              customs job 4242 --cluster perlmutter --format json
              customs job 4242 --day 2025-01-10
              customs job 4242 --runs
            """))

    @Argument(help: "The job's id.")
    var id: String

    @Option(help: "Cluster, if several have a job with this id.", completion: StoreCompletion.names(.cluster))
    var cluster: String?

    @Option(help: ArgumentHelp("Day on which it ran, if the number was reused.", valueName: "date"))
    var day: String?

    @Flag(name: .customLong("runs"), help: "Show the table of runs, whether or not it fits the screen.")
    var hasRuns = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(store, in: context)
        if let cluster { try asking.requireCluster(cluster) }
        let reports = try JobReport.ask(asking.connection, jobID: id, cluster: cluster)
        let wanted = try day.map { try Day($0, of: "--day").number }
        let found = reports.filter { report in wanted.map { report.isOf(day: $0) } ?? true }
        guard let report = found.first else {
            let place = cluster.map { " on \(printable($0))" } ?? ""
            let time = day.map { " from \(printable($0))" } ?? ""
            throw Failure(.noInput, "no record of job \(printable(id))\(place)\(time); \(try asking.extent())")
        }
        // sorted by cluster
        guard let last = found.last, ExactText(last.cluster) == ExactText(report.cluster) else {
            var clusters: [ExactText] = []
            for name in found.map({ ExactText($0.cluster) }) where !clusters.contains(name) { clusters.append(name) }
            let names = clusters.map { printable($0.string) }.joined(separator: ", ")
            throw Failure(
                .usage, "job \(printable(id)) is on several clusters: \(names); name one with --cluster")
        }
        let others = reports.filter { ExactText($0.cluster) == ExactText(report.cluster) && $0 != report }
        return Answered(report.answer(besides: others), as: form) { text(report, others, $0) }
    }

    private func text(_ report: JobReport, _ others: [JobReport], _ terminal: Terminal) -> String {
        let facts = JobFactText(report, besides: others, for: terminal).facts
        let runs = TextTable(report.answer()).formatted(for: terminal)
        if report.runs.isEmpty { return facts.text }
        // the facts, a blank line, the table with its headings, and the line of the next command
        let isFitting = terminal.size.map { facts.count + report.runs.count + 3 <= $0.rows } ?? true
        if isFitting || hasRuns { return facts.text + "\n\n" + runs }
        let count = JSON.integer(Int64(report.runs.count)).cell
        return facts.text + "\n\n\(count) runs; --runs shows them"
    }
}
