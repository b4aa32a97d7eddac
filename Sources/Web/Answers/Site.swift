import Logging
import Pages
import Query
import Store
import Synchronization
import SystemClock

/// Makes pages and files from answers.
final class Site: Sendable {
    /// Which body, for whom: two visitors who may see the same get the same bytes.
    struct Key: Sendable, Hashable {
        let target: Target
        let visitor: Visitor
    }

    private struct Present {
        /// nil before the store has answered for the first time.
        var generation: Int?
        var isAway = false
        /// When the overview was asked for, milliseconds of `steadyMilliseconds()`.
        var lastOverview = 0
    }

    private let reader: StoreReader
    private let source: any AnswerSource
    private let settings: SiteSettings
    private let logger: Logger
    private let cache = SiteCache<Key>(mostBytes: 64 << 20)
    private let present = Mutex(Present())

    init(_ location: StoreLocation, _ source: any AnswerSource, _ settings: SiteSettings, logger: Logger) {
        reader = StoreReader(location, connections: 4, longestQueue: 64)
        self.source = source
        self.settings = settings
        self.logger = logger
    }

    /// Notes that somebody has asked for the overview.
    func noteOverview() { present.withLock { $0.lastOverview = steadyMilliseconds() } }

    /// The body for a visitor. Whatever goes wrong has a body, too.
    func body(of target: Target, for visitor: Visitor) async -> SiteBody {
        let permission = Permission(visitor: visitor)
        let shown: Target
        switch target {
        case .style: return SiteBody(PageStyle.sheet, "text/css; charset=utf-8", maximumAge: 31_536_000)
        case .definitions: shown = target
        case .page(let plan):
            let panels = plan.panels.compactMap { panel in
                permission.permitted(panel.question).map { panel.asking($0) }
            }
            guard !panels.isEmpty else { return message(AddressError.unknown, for: permission) }
            shown = .page(plan.with(panels: panels))
        case .file(let question, let file):
            guard let permitted = permission.permitted(question) else {
                return message(AddressError.unknown, for: permission)
            }
            shown = .file(permitted, file)
        case .metrics where visitor.role != .staff: return message(AddressError.unknown, for: permission)
        case .search, .metrics: shown = target
        }
        let key = Key(target: shown, visitor: shared(visitor))
        if present.withLock({ $0.isAway }) {
            // no question waits for a store that does not answer
            return outdated(key) ?? message(StoreError.unavailable("away"), for: permission)
        }
        let found = cache.find(key, generation: generation) { [self] in try await make(shown, permission) }
        if let body = found.body { return body }
        do {
            guard let body = try await found.making?.value else {
                return message(AddressError.unknown, for: permission)
            }
            return body
        } catch {
            return outdated(key, after: error) ?? message(error, for: permission)
        }
    }

    /// A page of a while ago, with its time: where the store does not answer, it is better than none.
    private func outdated(_ key: Key, after error: (any Error)? = nil) -> SiteBody? {
        // a refusal is an answer
        if error is Refusal { return nil }
        return cache.outdated(key, age: settings.staleSeconds * 1_000)
    }

    /// A page that says why there is no other one.
    func message(_ error: any Error, for permission: Permission) -> SiteBody {
        let (status, title, text) = Site.words(error)
        let frame = frame(permission, lossBound: nil)
        return SiteBody(PageDocument.message(title, text, frame), SiteBody.html, status: status)
    }

    /// Looks for a new generation, and makes the overview before anybody asks, until the task is cancelled.
    func watch() async {
        while !Task.isCancelled {
            let asked = await Result { () async throws(StoreError) in
                try await reader.ask { (connection) throws(StoreError) in
                    try SiteGeneration.ask(connection, now: wallClock())
                }
            }
            switch asked {
            case .success(let generation):
                let (isNew, isBack) = present.withLock { present in
                    defer { (present.generation, present.isAway) = (generation, false) }
                    return (present.generation != generation, present.isAway)
                }
                if isBack { logger.notice("the store answers again") }
                if isNew, isOverviewWanted { await makeOverview() }
            case .failure(let error):
                let isFirst = present.withLock { present in
                    defer { present.isAway = true }
                    return !present.isAway
                }
                if isFirst { logger.warning("the store does not answer", metadata: ["why": "\(error.description)"]) }
            }
            try? await Task.sleep(for: .seconds(2))
        }
    }

    /// Whether the store answers.
    var isHealthy: Bool { present.withLock { !$0.isAway && $0.generation != nil } }

    private var generation: Int { present.withLock { $0.generation ?? 0 } }

    /// Whether somebody may ask for the overview soon: at the start, and for a while after the last time.
    private var isOverviewWanted: Bool {
        let last = present.withLock { $0.lastOverview }
        return last == 0 || steadyMilliseconds() - last < Site.overviewMilliseconds
    }

    /// The width of a picture in a panel as wide as the page.
    private static let widePicture = 1_080.0
    private static let overviewMilliseconds = 3_600_000

    private func makeOverview() async {
        let visitors = settings.isPublic ? [Visitor.anyone] : [Visitor(role: .staff)]
        for visitor in visitors {
            _ = await body(of: .page(.overview([], isPublic: visitor.role != .staff)), for: visitor)
        }
    }

    /// The visitor as far as what is shown depends on them.
    private func shared(_ visitor: Visitor) -> Visitor {
        switch visitor.role {
        case .public, .staff: Visitor(role: visitor.role)
        case .user, .pi: visitor
        }
    }

    private func make(_ target: Target, _ permission: Permission) async throws -> SiteBody {
        switch target {
        case .style: SiteBody(PageStyle.sheet, "text/css; charset=utf-8")
        case .definitions:
            SiteBody(PageDocument.definitions(frame(permission, lossBound: try await lossBound())), SiteBody.html)
        case .page(let plan): try await page(plan, permission)
        case .file(let question, let file): try await self.file(question, file, permission)
        case .search(let words, let options): try await search(words, options, permission)
        case .metrics:
            SiteBody(
                try await ask { [source] (connection) throws(StoreError) in try source.metrics(by: connection) },
                "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    private func page(_ plan: PagePlan, _ permission: Permission) async throws -> SiteBody {
        async let bound = lossBound()
        let links = CellLinks(options: plan.options, linksPeople: permission.visitor.role == .staff)
        let answers = try await withThrowingTaskGroup(of: (Int, Result<SiteAnswer, Refusal>).self) { group in
            for (place, panel) in plan.panels.enumerated() {
                let setting = PlotSetting(
                    id: "p\(place + 1)", width: panel.isWide ? Site.widePicture : nil, link: links.address)
                group.addTask { [self] in (place, try await answer(panel.question, setting, permission)) }
            }
            var answers = [Result<SiteAnswer, Refusal>?](repeating: nil, count: plan.panels.count)
            for try await (place, answer) in group { answers[place] = answer }
            return answers.compactMap { $0 }
        }
        // a page about nothing is no page
        if case .failure(let refusal)? = answers.first, plan.panels.count == 1 || refusal.kind == .unknown {
            throw refusal
        }
        let shown = answers.map { answer -> PanelAnswer in
            switch answer {
            case .success(let answer): .answer(answer.answer, remarks: answer.remarks, picture: answer.picture)
            case .failure(let refusal): .refused(refusal.reason)
            }
        }
        return SiteBody(
            PageDocument.page(plan, shown, frame(permission, lossBound: try await bound)), SiteBody.html)
    }

    private func answer(
        _ question: PageQuestion, _ setting: PlotSetting, _ permission: Permission
    ) async throws -> Result<SiteAnswer, Refusal> {
        let result = try await ask { [source] (connection) throws(StoreError) in
            try source.answer(question, setting, by: connection)
        }
        switch result {
        case .success(let answer) where !permission.mayShow(answer.answer, to: question): return .failure(Site.hidden)
        case .failure(let refusal): return .failure(Site.told(refusal, permission))
        case .success: return result
        }
    }

    /// Why there is no answer. A reason may have names in it: what is called alike, or which days have usage.
    private static func told(_ refusal: Refusal, _ permission: Permission) -> Refusal {
        refusal.kind == .unknown && permission.visitor.role != .staff ? hidden : refusal
    }

    private func file(_ question: PageQuestion, _ file: PageFile, _ permission: Permission) async throws -> SiteBody {
        let found = try await ask { [source] (connection) throws(StoreError) in
            try source.file(question, as: file, by: connection)
        }
        switch found {
        case .success(let found):
            guard permission.mayShow(found.answer, to: question) else { throw Site.hidden }
            return SiteBody(found.text, file.contentType)
        case .failure(let refusal): throw Site.told(refusal, permission)
        }
    }

    private func search(_ words: String, _ options: [PageOption], _ permission: Permission) async throws -> SiteBody {
        let found = try await ask { [source] (connection) throws(StoreError) in
            words.isEmpty
                ? [] : try source.search(words, people: permission.visitor.role == .staff, by: connection)
        }
        if found.count == 1, let only = found.first {
            return SiteBody(redirect: only.path + options.query)
        }
        let title = words.isEmpty ? "Search" : "Search: \(words.prefix(100))"
        let text =
            found.isEmpty
            ? "Nothing is called that. Packages have the names that programs import: 'yaml', and not 'PyYAML'."
            : "Pages about this name:"
        return SiteBody(
            PageDocument.choices(
                title, text, found.map { ($0.path, $0.text) }, options: options,
                frame(permission, lossBound: try await lossBound())), SiteBody.html)
    }

    private func lossBound() async throws -> Double? {
        try await ask { [source] (connection) throws(StoreError) in try source.lossBound(by: connection) }
    }

    /// Asks the store, for as long as a question may take.
    private func ask<Found: Sendable>(
        _ question: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Found
    ) async throws -> Found {
        let seconds = settings.questionSeconds
        return try await withThrowingTaskGroup(of: Found?.self) { [reader] group in
            group.addTask { try await reader.ask(question) }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let found = first else { throw TooSlow(seconds: seconds) }
            return found
        }
    }

    private func frame(_ permission: Permission, lossBound: Double?) -> PageFrame {
        PageFrame(
            entries: permission.entries, linksPeople: permission.visitor.role == .staff,
            reader: permission.visitor.role == .staff ? nil : permission.visitor.name,
            asOf: SiteTime.text(wallClock()), lossBound: lossBound,
            jobLinks: permission.visitor.role == .public ? [] : settings.jobLinks)
    }

    static let noSuchPage = "There is no such page, or it is not for you."
    private static let hidden = Refusal(.unknown, noSuchPage)

    /// A question took longer than it may.
    private struct TooSlow: Error {
        let seconds: Int
    }

    private static func words(_ error: any Error) -> (status: Int, title: String, text: String) {
        switch error {
        case let error as AddressError:
            error.kind == .malformed ? (400, "Not understood", error.reason) : (404, "Not found", noSuchPage)
        case let error as Refusal:
            switch error.kind {
            case .malformed: (400, "Not understood", error.reason)
            case .unknown: (404, "Not found", error.reason)
            case .unavailable: (503, "Not now", error.reason)
            }
        case let error as TooSlow:
            (
                503, "Not now",
                "This takes more than \(error.seconds) s. Ask about less, or ask on the command line."
            )
        case StoreError.busy: (503, "Not now", "Too many questions are waiting. Try again in a few seconds.")
        default: (503, "Not now", "The store does not answer. Try again in a few seconds.")
        }
    }
}

extension Result where Failure == StoreError {
    fileprivate init(_ body: () async throws(StoreError) -> Success) async {
        do throws(StoreError) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
