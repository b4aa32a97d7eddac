import ArgumentParser
import JSON
import Query
import Record
import Store

struct Job: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One job: what is known of it, and what its Python processes did.",
        discussion: prose(
            """
            In CSV it is the table of runs. It tells of the whole job. Numbers of jobs come round again: of several jobs of one
            number it tells of the newest, or of the one with --day; the days of the others are in same_number.

            EXAMPLES
              customs job 4242
              customs job 4242 --cluster perlmutter --format json
              customs job 4242 --day 2025-01-10
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Argument(help: "The job's id.")
    var id: String

    @Option(help: "The cluster, where several have a job of this id.")
    var cluster: String?

    @Option(help: ArgumentHelp("A day on which it ran, where the number has come round again.", valueName: "date"))
    var day: String?

    func run() throws {
        let asking = try Asking(store)
        if let cluster { try asking.requireCluster(cluster) }
        let reports = try JobReport.ask(asking.connection, jobID: id, cluster: cluster)
        let wanted = try day.map { try Day($0, of: "--day").number }
        let found = reports.filter { report in wanted.map { report.isOf(day: $0) } ?? true }
        guard let report = found.first else {
            let place = cluster.map { " on \(printable($0))" } ?? ""
            let time = day.map { " from \(printable($0))" } ?? ""
            throw Failure(.noInput, "no record of job \(printable(id))\(place)\(time); \(try asking.extent())")
        }
        // in the order of the clusters
        guard let last = found.last, ExactText(last.cluster) == ExactText(report.cluster) else {
            var clusters: [ExactText] = []
            for name in found.map({ ExactText($0.cluster) }) where !clusters.contains(name) { clusters.append(name) }
            let names = clusters.map { printable($0.string) }.joined(separator: ", ")
            throw Failure(
                .usage, "job \(printable(id)) is on several clusters: \(names); name one with --cluster")
        }
        let others = reports.filter { ExactText($0.cluster) == ExactText(report.cluster) && $0 != report }
        try show(report.answer(besides: others), as: form) { text(report, others, $0) }
    }

    private func text(_ report: JobReport, _ others: [JobReport], _ terminal: Terminal) -> String {
        let facts = report.facts(besides: others).filter { $0.value != .null }
        let width = facts.map { $0.key.count }.max() ?? 0
        let lines = facts.map { fact in
            fact.key + String(repeating: " ", count: width - fact.key.count) + "  " + printable(fact.value.plain)
        }
        return (lines + ["", TextTable(report.answer()).formatted(for: terminal)]).joined(separator: "\n")
    }
}
