import ArgumentParser
import Query
import Store

struct Package: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One package: users, jobs, versions, months, job sizes, and what it is used with.",
        discussion: prose(
            """
            In CSV it is the table of versions. --limit cuts the list of what it is used with (20 unless it is given), and no
            other.

            EXAMPLES
              customs package numpy
              customs package astropy.io.fits --since 365d --format json
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions
    @OptionGroup var filter: FilterOptions

    @Argument(help: "The package's import name, as in 'import NAME'.", completion: DistributionNames.completion)
    var name: String

    func run() throws {
        let asking = try Asking(store, try filter.filter)
        let report = try PackageReport.ask(
            asking.connection, asking.filter, package: try asking.package(name), companionLimit: filter.limit ?? 20)
        if report.processes == 0 { try asking.explainEmptyAnswer() }
        let versions = TextTable(
            headings: ["version", "users", "jobs"],
            rows: report.versions.map { [.text($0.version), .integer($0.users), .integer($0.jobs)] })
        try show(report.json, as: form, table: { text(report, versions, $0) }, csv: { versions })
    }

    private func text(_ report: PackageReport, _ versions: TextTable, _ terminal: Terminal) -> String {
        let head = """
            \(JSON.text(report.package).cell): \(JSON.integer(report.users).cell) users, \
            \(JSON.integer(report.jobs).cell) jobs, \(JSON.integer(report.processes).cell) processes
            first seen \(JSON.time(report.firstSeen).cell), last seen \(JSON.time(report.lastSeen).cell)
            """
        let months = TextTable(
            headings: ["month", "users", "jobs"],
            rows: report.months.map { [.text($0.month), .integer($0.users), .integer($0.jobs)] }, bar: "jobs")
        let sizes = TextTable(
            headings: ["nodes", "jobs"], rows: report.jobSizes.map { [.integer($0.nodes), .integer($0.jobs)] },
            bar: "jobs")
        let companions = TextTable(
            headings: ["used with", "jobs", "pearson"],
            rows: report.companions.map {
                [.text($0.package), .integer($0.jobs), $0.pearson.map { .real($0) } ?? .null]
            })
        let tables = [versions, months, sizes, companions].filter { !$0.rows.isEmpty }.map {
            $0.formatted(for: terminal)
        }
        return ([head] + tables).joined(separator: "\n\n")
    }
}
