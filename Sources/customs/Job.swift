import ArgumentParser
import Query
import Record
import Store

struct Job: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One job: what is known of it, and what its Python processes did.",
        discussion: prose(
            """
            In CSV it is the table of runs. It tells of the whole job, whatever --since, --until, --system, --account, --compute,
            --login, --direct, --include-staff and --limit say.

            EXAMPLES
              customs job 4242
              customs job 4242 --cluster perlmutter --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var filter: FilterOptions

    @Argument(help: "The job's id.")
    var id: String

    @Option(help: "The cluster, where several have a job of this id.")
    var cluster: String?

    func run() throws {
        try filter.refusePublic("one job")
        let reports = try JobReport.ask(try store.reader(), jobID: id, cluster: cluster)
        guard let report = reports.first else {
            throw Failure(
                .noInput, "no record of job \(JSON.text(id).cell)\(cluster.map { " on \(JSON.text($0).cell)" } ?? "")")
        }
        guard reports.count == 1 else {
            let clusters = reports.map { JSON.text($0.cluster).cell }.joined(separator: ", ")
            throw Failure(
                .usage, "job \(JSON.text(id).cell) is on several clusters: \(clusters); name one with --cluster")
        }
        let runs = TextTable(
            headings: ["step", "user", "program", "python", "processes", "ranks", "end", "packages"],
            rows: report.runs.map { run in
                [
                    .text(run.step), .text(run.username), .text(run.main), .text(run.python),
                    .integer(run.processes), .integer(run.ranksReported), .text(run.end.name),
                    .text(run.packages.map { $0.name + ($0.version.map { "=" + $0 } ?? "") }.joined(separator: " ")),
                ]
            })
        show(report.json, as: store, table: { text(report, runs, $0) }, csv: { runs })
    }

    private func text(_ report: JobReport, _ runs: TextTable, _ terminal: Terminal) -> String {
        guard case .object(let members) = report.json else { return runs.formatted(for: terminal) }
        let facts = members.filter { $0.key != "runs" && $0.value != .null }
        let width = facts.map { $0.key.count }.max() ?? 0
        let lines = facts.map { fact in
            fact.key + String(repeating: " ", count: width - fact.key.count) + "  " + JSON.text(fact.value.plain).cell
        }
        return (lines + ["", runs.formatted(for: terminal)]).joined(separator: "\n")
    }
}
