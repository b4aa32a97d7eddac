import JSON
import Query
import Record
import Store
import SystemClock

/// A question to the store. It checks the names in the question first, and explains an empty answer.
struct Asking {
    let connection: any SQLConnection
    private let context: QuestionContext
    private(set) var filter: UsageFilter
    /// Maximum number of rows; nil for all.
    let limit: Int?
    /// Whether rows are sorted in another way than the question's, so that the limit cuts them only then.
    private let isSorted: Bool
    /// The number of rows to ask for; nil for all.
    var askedLimit: Int? { isSorted ? nil : limit }
    /// When the question began, milliseconds of `steadyMilliseconds()`.
    private let start: Int
    /// The longest time of a question that is followed by one about totals, milliseconds.
    private static let quick = 100
    /// What the question is about besides the days, for the envelope.
    private(set) var described: [JSON.Member]

    /// - Parameters:
    ///   - options: the options as the user wrote them.
    ///   - context: who asks.
    ///   - accounts: the site's file on accounts.
    ///   - property: what of it rows are about.
    ///   - needsMapping: whether the answer has more if there is such a file.
    /// - Throws: `Failure` with 66 if no usage has their system or account, or the file cannot be used;
    ///   `StoreError`.
    init(
        _ store: StoreOptions, _ options: [QuestionOption: String] = [:], _ rows: RowOptions? = nil,
        in context: QuestionContext = .commandLine, accounts: AccountOptions? = nil,
        per property: AccountProperty? = nil, needsMapping: Bool = false
    ) throws {
        self.context = context
        isSorted = rows?.sort != nil
        described = QuestionOption.described(options)
        let options = try QuestionOptions(written: options)
        if let limit = options.limit { described.append(JSON.Member("limit", .integer(Int64(limit)))) }
        var filter = options.filter
        filter.mapping = try accounts?.mapping(store, per: property, isWanted: needsMapping)
        connection = try context.connect(store)
        start = steadyMilliseconds()
        self.filter = filter
        limit = options.limit
        try refuse(try filter.unknownName(connection))
    }

    /// The answer, without what may not be published if that is asked for. Explains in a remark why it is empty.
    ///
    /// - Parameter ask: asks the question with a filter and a maximum number of rows.
    func answer(
        parts: Publication.Parts = .overlapping, otherwise: String = "no usage matches these options",
        _ ask: (UsageFilter, Int?) throws(StoreError) -> Answer
    ) throws -> Answer {
        let answer = try Publication.answer(filter, limit: askedLimit, parts: parts, ask)
        if answer.rows.isEmpty { try explainEmptyAnswer(otherwise: otherwise) }
        return answer
    }

    /// Notes that the question is about one person, who counts in any case. So the envelope's totals are theirs.
    mutating func noteUser(_ name: String) {
        filter.user = name
        filter.includesStaff = true
        described.removeAll { $0.key == "include_staff" }
        described.insert(JSON.Member("include_staff", .bool(true)), at: 0)
        described.append(JSON.Member("user", .text(name)))
    }

    /// Whether the question has taken so little time that another one may follow unasked.
    var isQuick: Bool { steadyMilliseconds() - start <= Asking.quick }

    /// An answer with what was asked.
    ///
    /// - Parameters:
    ///   - arguments: those of the command's own that were given, for the envelope.
    ///   - text: the text for people in place of the answer's table.
    func answered(
        _ answer: Answer, as options: AnswerOptions, about arguments: KeyValuePairs<String, String?> = [:],
        text: ((Terminal) -> String)? = nil
    ) -> Answered {
        let given = arguments.compactMap { name, text in text.map { JSON.Member(name, .text($0)) } }
        let frame = Answered.Frame(asking: self, options: options, filters: described + given)
        return Answered(answer, as: options.form, frame: frame, text: text)
    }

    /// Some columns of an answer with many rows, in the order that was asked for, with what was asked.
    ///
    /// - Throws: `Failure` with 64 if there is no such column.
    func answered(
        _ answer: Answer, as options: RowOptions, about arguments: KeyValuePairs<String, String?> = [:],
        text: ((Terminal) -> String)? = nil
    ) throws -> Answered {
        let shape = try options.shape
        let shaped: Answer
        do throws(AnswerShape.UnknownColumn) { shaped = try answer.shaped(shape) } catch {
            throw Failure(.usage, error.description)
        }
        let isWhole = shape == AnswerShape()
        return answered(
            isSorted ? shaped.first(limit) : shaped, as: options.answer, about: arguments, text: isWhole ? text : nil)
    }

    /// - Throws: `Failure` with 64 if the answer is for publication, and about a part of the usage.
    func refusePublicPart() throws {
        guard filter.leastUsers > 0, filter.selectsPart else { return }
        throw Failure(
            .usage,
            "--public answers this about all usage only: leave out --system, --subsystem, --account, "
                + "--partition, --qos, --gpu, --cpu, --compute, --login, --direct")
    }

    /// - Throws: `Failure` with 66 if no user has this name; `StoreError`.
    func requireUser(_ name: String) throws {
        try refuse(try KnownNames.check(name, .user, connection))
    }

    /// - Throws: `Failure` with 66 if no cluster has this name; `StoreError`.
    func requireCluster(_ name: String) throws {
        try refuse(try KnownNames.check(name, .cluster, connection))
    }

    /// The import name of a package. The argument may also be its name on the package index.
    ///
    /// - Throws: `Failure` with 66 if it has no usage; `StoreError`.
    func package(_ name: String) throws -> String {
        switch try PackageNames.meaning(of: name, connection) {
        case .importName(let imported): return imported
        case .distribution(let imported):
            context.remark("'\(printable(name))' is imported as '\(imported)'")
            return imported
        case .unknown(let name): throw Failure(.noInput, name.description)
        }
    }

    /// Explains in a remark why an answer is empty, and which usage exists.
    ///
    /// - Parameter otherwise: the explanation if the requested time has usage.
    func explainEmptyAnswer(otherwise: String = "no usage matches these options") throws {
        context.remark(try reason(otherwise))
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

    private func refuse(_ name: UnknownName?) throws {
        if let name { throw Failure(.noInput, name.description) }
    }
}
