import Checksum
import Merge
import Record
import Store
import Synchronization
import Threads

/// A store in memory that fails when told to. It keeps the promises of `UsageStore`, and notes faults of the writer.
public final class FakeStore: UsageStore, Sendable {
    /// What a store holds on disk.
    public struct Content: Equatable, Sendable {
        public var position: SourcePosition?
        /// The users of the runs, in the order of their commits; each record of these tests has a user of its own.
        public var users: [String] = []
        public var counters: [String: UInt64] = [:]
        /// The reasons of the records in quarantine.
        public var quarantined: [String] = []

        /// Messages that were stored, merged, found to be duplicates or rejected.
        public var accounted: UInt64 {
            counters.reduce(0) { sum, counter in
                let counts =
                    [IngestCounters.stored, IngestCounters.merged, IngestCounters.duplicate].contains(counter.key)
                    || counter.key.hasPrefix(IngestCounters.rejectedPrefix)
                return counts ? sum + counter.value : sum
            }
        }
    }

    fileprivate struct State {
        var content = Content()
        var durable = Content()
        var isDurable = true
        var isAway = false
        var refusedUsers: Set<String> = []
        var refusesQuarantine = false
        var losesAnswers = 0
        var schema: String?
        var calls = 0
        var heartbeats: [Heartbeat] = []
        var hosts: [HostDay] = []
        var breaches: [String] = []
    }

    private let state = Mutex(State())
    private let activity: StoreActivity?
    /// Nil while the store answers.
    private let hang = Mutex<Latch?>(nil)

    /// - Parameter activity: shows what the store is asked, as a real connection does.
    public init(activity: StoreActivity? = nil) {
        self.activity = activity
        activity?.attach(FakeInterrupt { self.answer() })
    }

    public var content: Content { state.withLock { $0.content } }
    /// Calls since the beginning.
    public var calls: Int { state.withLock { $0.calls } }
    public var heartbeats: [Heartbeat] { state.withLock { $0.heartbeats } }
    /// The counts of hosts, in the order of their coming.
    public var hosts: [HostDay] { state.withLock { $0.hosts } }
    /// Where the writer gave what does not add up.
    public var breaches: [String] { state.withLock { $0.breaches } }

    // MARK: how it fails

    /// A batch with a run of one of these users is refused.
    public func refuse(_ users: Set<String>) { state.withLock { $0.refusedUsers = users } }

    public func refuseQuarantine() { state.withLock { $0.refusesQuarantine = true } }

    public func goAway() { state.withLock { $0.isAway = true } }

    public func comeBack() { state.withLock { $0.isAway = false } }

    /// The next commits take place, and their answers are lost.
    public func loseAnswers(_ count: Int) { state.withLock { $0.losesAnswers = count } }

    /// No statement is answered until `answer`, or until it is cancelled.
    public func stopAnswering() { hang.withLock { $0 = Latch() } }

    public func answer() {
        hang.withLock { latch in
            latch?.open()
            latch = nil
        }
    }

    /// From now on commits do not reach the disk.
    public func stopSyncing() {
        state.withLock {
            $0.durable = $0.content
            $0.isDurable = false
        }
    }

    /// Loses what did not reach the disk, as a machine does that loses power.
    public func setBack() {
        state.withLock {
            $0.content = $0.durable
            $0.isDurable = true
        }
    }

    /// The tables are none that this program can use.
    public func spoil(_ why: String) { state.withLock { $0.schema = why } }

    // MARK: UsageStore

    public var safePosition: SourcePosition? {
        state.withLock { $0.isDurable ? $0.content.position : $0.durable.position }
    }

    public func migrate() throws(StoreError) { try attempt { _ in .success(()) } }

    public func open(
        source identity: String, formerly: String?, kind: SourceKind, host: String, incarnation: Incarnation?
    ) throws(StoreError) -> SourceState {
        try attempt { .success(SourceState(position: $0.content.position, heldParts: [], snapshots: [])) }
    }

    public func fingerprintKey() throws(StoreError) -> SipHash.Key { FakeStore.key }

    public func storedNames() throws(StoreError) -> StoredNames { StoredNames() }

    public func canaryKey() throws(StoreError) -> CanaryKey { FakeStore.canaryKey }

    public var fingerprintConflicts: UInt64 { 0 }

    private static let key = SipHash.Key.random()
    private static let canaryKey = CanaryKey.random()

    public func commit(
        _ batch: Batch, vocabulary: Vocabulary, from: SourcePosition, to: SourcePosition
    ) throws(StoreError) -> CommitOutcome {
        let users = batch.runs.map { vocabulary[.user].string($0.key.user) }
        let outcome = try attempt { state -> Result<CommitOutcome?, StoreError> in
            let position = state.content.position ?? SourcePosition(sequence: 0, tally: 0)
            if position == to, from != to { return .success(.alreadyCommitted) }
            if position.sequence < from.sequence { return .failure(.setBack("it is at \(position.sequence)")) }
            if position != from { return .failure(.positionMoved("it is at \(position.sequence)")) }
            if let user = users.first(where: { state.refusedUsers.contains($0) }) {
                return .failure(.unacceptable("no such user: \(user)"))
            }
            if state.refusesQuarantine, !batch.quarantined.isEmpty { return .failure(.unacceptable("no such table")) }
            let stored = state.add(batch, users)
            state.content.position = to
            if state.content.accounted != to.tally {
                state.breaches.append("\(state.content.accounted) of \(to.tally) messages are accounted for")
            }
            if state.losesAnswers > 0 {
                state.losesAnswers -= 1
                return .success(nil)
            }
            return .success(stored)
        }
        guard let outcome else { throw .unavailable("the connection broke") }
        return outcome
    }

    public func add(_ hosts: [HostDay]) throws(StoreError) {
        try attempt {
            $0.hosts += hosts
            return .success(())
        }
    }

    public func hostCounts(today: Int) throws(StoreError) -> HostCounts? { nil }

    public func beat(_ heartbeat: Heartbeat) throws(StoreError) {
        try attempt {
            $0.heartbeats.append(heartbeat)
            return .success(())
        }
    }

    private func attempt<Answer>(
        _ body: (inout State) -> Result<Answer, StoreError>
    ) throws(StoreError) -> Answer {
        guard let activity else { return try answered(body) }
        return try activity.watching { () throws(StoreError) in try answered(body) }
    }

    private func answered<Answer>(_ body: (inout State) -> Result<Answer, StoreError>) throws(StoreError) -> Answer {
        let isAway = state.withLock {
            $0.calls += 1
            return $0.isAway
        }
        if isAway { throw .unavailable("nothing listens there") }
        if let latch = hang.withLock({ $0 }) {
            while !latch.wait(milliseconds: 1_000) {}
            throw .unavailable("the statement was cancelled")
        }
        let outcome = state.withLock { state -> Result<Answer, StoreError> in
            if let why = state.schema { return .failure(.schema(why)) }
            return body(&state)
        }
        return try outcome.get()
    }
}

extension FakeStore.State {
    fileprivate mutating func add(_ batch: Batch, _ users: [String]) -> CommitOutcome {
        var (stored, merged): (UInt64, UInt64) = (0, 0)
        for (run, user) in zip(batch.runs, users) {
            if content.users.contains(user) {
                merged += UInt64(run.processes)
            } else {
                content.users.append(user)
                stored += 1
                merged += UInt64(run.processes) - 1
            }
        }
        for (name, count) in batch.counters.values { content.counters[name, default: 0] += count }
        if stored > 0 { content.counters[IngestCounters.stored, default: 0] += stored }
        if merged > 0 { content.counters[IngestCounters.merged, default: 0] += merged }
        content.quarantined += batch.quarantined.map { $0.reason }
        return .committed(stored: stored, merged: merged)
    }
}

/// Ends the statement that hangs.
private final class FakeInterrupt: StatementInterrupt {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) { self.end = end }

    func cancel() { end() }

    func sever() { end() }
}
