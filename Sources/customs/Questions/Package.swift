import ArgumentParser
import JSON
import Query
import Store

struct Package: Question {
    static let configuration = CommandConfiguration(
        abstract: "One package: users, jobs, versions, months, job sizes, and packages used with it.",
        discussion: prose(
            """
            The CSV form has the table of versions. --limit (by default 20) cuts the list of packages used with it, and
            no other list.

            EXAMPLES
              customs package numpy
              customs package astropy.io.fits --since 365d --format json
            """))

    @Argument(help: "The package's import name, as in 'import NAME'.", completion: StoreCompletion.names(.package))
    var name: String

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: AnswerOptions
    @OptionGroup var filter: FilterOptions

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(store, filter.written, in: context, accounts: filter.selection.charged)
        try asking.refusePublicPart()
        let package = try asking.package(name)
        let report = try PackageReport.publish(
            asking.connection, asking.filter, package: package, companionLimit: asking.limit ?? 20)
        if report.users == 0, report.processes == 0 { try asking.explainEmptyAnswer() }
        let answer = report.answer
        return asking.answered(answer, as: form, about: ["package": package]) { text(report, versions: answer, $0) }
    }

    private func text(_ report: PackageReport, versions: Answer, _ terminal: Terminal) -> String {
        let head = """
            \(printable(report.package)): \(JSON.integer(report.users).cell) users, \
            \(JSON.integer(report.jobs).cell) jobs, \(JSON.integer(report.processes).cell) processes
            first seen \(JSON.time(report.firstSeen).cell), last seen \(JSON.time(report.lastSeen).cell)
            """
        let tables = [versions, report.byMonth, report.bySize, report.usedWith].filter { !$0.rows.isEmpty }
            .map { TextTable($0).formatted(for: terminal) }
        return ([head] + tables).joined(separator: "\n\n")
    }
}
