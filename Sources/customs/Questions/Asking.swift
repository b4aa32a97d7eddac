import JSON
import Query
import Record
import Store

/// A question to the store. It checks the names in the question first, and explains an empty answer.
struct Asking {
    let connection: any SQLConnection
    let filter: UsageFilter
    /// Maximum number of rows; nil for all.
    let limit: Int?

    /// - Parameter options: the options as the user wrote them.
    /// - Throws: `Failure` with 66 if no usage has their system or account; `StoreError`.
    init(_ store: StoreOptions, _ options: [QuestionOption: String] = [:]) throws {
        let options = try QuestionOptions(written: options)
        connection = try store.reader()
        filter = options.filter
        limit = options.limit
        if let system = filter.system { try require(system, "system", among: try KnownNames.systems(connection)) }
        if let account = filter.account { try require(account, "account", among: try KnownNames.accounts(connection)) }
    }

    /// The answer, without what may not be published if that is asked for. Explains on standard error why it is empty.
    ///
    /// - Parameter ask: asks the question with a filter and a maximum number of rows.
    func answer(
        parts: Publication.Parts = .overlapping, otherwise: String = "no usage matches these options",
        _ ask: (UsageFilter, Int?) throws(StoreError) -> Answer
    ) throws -> Answer {
        let answer = try Publication.answer(filter, limit: limit, parts: parts, ask)
        if answer.rows.isEmpty { try explainEmptyAnswer(otherwise: otherwise) }
        return answer
    }

    /// - Throws: `Failure` with 64 if the answer is for publication, and about a part of the usage.
    func refusePublicPart() throws {
        guard filter.leastUsers > 0, filter.selectsPart else { return }
        throw Failure(
            .usage,
            "--public answers this about all usage only: leave out --system, --account, --compute, --login, "
                + "--direct")
    }

    /// - Throws: `Failure` with 66 if no user has this name; `StoreError`.
    func requireUser(_ name: String) throws {
        try require(name, "user", among: try KnownNames.users(connection))
    }

    /// - Throws: `Failure` with 66 if no cluster has this name; `StoreError`.
    func requireCluster(_ name: String) throws {
        try require(name, "cluster", among: try KnownNames.clusters(connection))
    }

    /// The import name of a package. The argument may also be its name on the package index.
    ///
    /// - Throws: `Failure` with 66 if it has no usage; `StoreError`.
    func package(_ name: String) throws -> String {
        let known = try PackageNames.all(connection)
        if known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { return name }
        let shown = printable(name)
        guard let imported = DistributionNames.importName(of: name, used: known) else {
            let called = DistributionNames.table.filter { $0.value.contains(where: known.contains) }.keys
            try require(name, "package", among: known + called.sorted())
            return name
        }
        guard known.contains(imported) else {
            throw Failure(.noInput, "there is no usage of package '\(shown)', which is imported as '\(imported)'")
        }
        Spinner.stop()
        printError("customs: '\(shown)' is imported as '\(imported)'")
        return imported
    }

    /// Explains on standard error why an answer is empty, and which usage exists.
    ///
    /// - Parameter otherwise: the explanation if the requested time has usage.
    func explainEmptyAnswer(otherwise: String = "no usage matches these options") throws {
        let why = try reason(otherwise)
        Spinner.stop()
        printError("customs: \(why)")
    }

    private func reason(_ otherwise: String) throws -> String {
        let days = try PackedDays.daysWithRuns(connection)
        guard let first = days.first, let last = days.last else { return extent(days) }
        let extent = extent(days)
        if let since = filter.firstDay, let until = filter.lastDay, since > until {
            return "--since \(Calendar.text(day: since)) is after --until \(Calendar.text(day: until)); \(extent)"
        }
        if let since = filter.firstDay, since > last { return "no usage since \(Calendar.text(day: since)); \(extent)" }
        if let until = filter.lastDay, until < first { return "no usage until \(Calendar.text(day: until)); \(extent)" }
        if filter.leastUsers > 0 {
            return "--public tells of at least \(filter.leastUsers) users whose names are vouched for; \(extent)"
        }
        return "\(otherwise); \(extent)"
    }

    /// The time for which there is usage.
    func extent() throws -> String { extent(try PackedDays.daysWithRuns(connection)) }

    private func extent(_ days: [Int]) -> String {
        guard let first = days.first, let last = days.last else { return "the store has no usage yet" }
        return "there is usage from \(Calendar.text(day: first)) to \(Calendar.text(day: last))"
    }

    private func require(_ name: String, _ kind: String, among known: [String]) throws {
        // names are bytes, but Swift's strings are equal if they are canonically equivalent
        if known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { return }
        let near = suggestion(for: name, among: known).map { "; did you mean '\(printable($0))'?" } ?? ""
        let isEmpty = try near.isEmpty && PackedDays.daysWithRuns(connection).isEmpty
        let what = kind == "package" ? "there is no usage of package" : "there is no \(kind)"
        throw Failure(
            .noInput, "\(what) '\(printable(name))'\(near)\(isEmpty ? ": the store has no usage yet" : "")")
    }
}
