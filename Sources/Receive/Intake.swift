import DaemonMetrics
import Journal
import Listen
import Record
import SystemClock
import Wire

/// The left half of the flow: the messages that a socket's thread received together become one frame of the journal.
///
/// One thread uses it. It never waits for a disk's sync, a database or a batch system. Rejected messages are counted,
/// and the counts go into the journal as an entry of their own, so that they reach the store exactly once too.
struct Intake {
    let transport: String
    private let journal: Journal
    private let metrics: IngestMetrics
    private let digests: DigestDemand
    /// The greatest age of a record, microseconds; nil for no limit.
    private let maximumAge: Int64?
    private var hasher = RunHasher()
    private var parser = MessageParser()
    private var record = UsageRecord()
    private var frame = FrameBuilder()
    /// Messages in the frame.
    private(set) var accepted: UInt64 = 0
    /// Counts that the journal does not have yet.
    private var waiting = IngestCounters()
    /// Messages that `waiting` accounts for.
    private(set) var waitingMessages: UInt64 = 0
    /// Whether the frame holds the counts that wait.
    private var isSealed = false

    init(
        journal: Journal, transport: String, metrics: IngestMetrics, digests: DigestDemand, maximumAge: Int64? = nil
    ) {
        self.maximumAge = maximumAge
        self.digests = digests
        self.journal = journal
        self.transport = transport
        self.metrics = metrics
    }

    /// Puts a valid message into the frame.
    ///
    /// - Returns: the reason why the message is not valid; the caller counts it by `reject`.
    mutating func take(
        _ message: UnsafeRawBufferPointer, now: Int64, identity: Identity,
        credentials: (uid: UInt32, pid: UInt32)? = nil, relay: RelayName? = nil, source: UInt64? = nil
    ) -> RejectReason? {
        switch parser.parse(message: message, arrival: now, into: &record) {
        case .rejected(let reason): return reason
        case .accepted(let headerTime, let json):
            if let maximumAge, (record.eventTime ?? headerTime ?? now) < now - maximumAge { return .tooOld }
            let envelope = Envelope(
                arrival: now, headerTime: headerTime, identity: identity, uid: credentials?.uid,
                pid: credentials?.pid, relay: relay, source: source)
            let digest = digests.isWanted ? RunDigest(record, envelope, by: &hasher) : nil
            frame.append { entry in
                Entry.append(
                    envelope, record: UnsafeRawBufferPointer(rebasing: message[json]), digest: digest, to: &entry)
            }
            accepted += 1
            return nil
        }
    }

    mutating func reject(_ reason: RejectReason, count: UInt64 = 1) {
        waiting.add(count, to: IngestCounters.rejected(reason))
        waitingMessages += count
    }

    /// Counts events that are not received messages.
    mutating func note(_ count: UInt64, _ name: String) { waiting.add(count, to: name) }

    /// Appends the frame, with the counts that wait, to the journal.
    ///
    /// - Parameter isLast: whether there is no later attempt; a full journal then uses its reserve.
    /// - Throws: if it failed; nothing has changed then, and the caller can try again.
    mutating func append(isLast: Bool = false) throws(JournalError) {
        if accepted == 0 && waiting.isEmpty { return }
        if !waiting.isEmpty && !isSealed {
            frame.append { Entry.append(tally: waiting.values.map { ($0.key, $0.value) }, to: &$0) }
            isSealed = true
        }
        _ = try journal.append(frame, tallyIncrease: accepted + waitingMessages, mayUseReserve: isLast)
        let now = wallClock()
        metrics.update { snapshot in
            // the writer has a better value, unless it waits for the store
            if snapshot.oldestPending == nil { snapshot.oldestPending = now }
            snapshot.counters.add(waiting)
            snapshot.transports[transport, default: TransportCounts()].add(
                accepted: accepted, rejected: waitingMessages)
        }
        waiting.reset()
        waitingMessages = 0
        forgetFrame()
    }

    /// Drops the messages in the frame, which count as rejected; the counts wait for the next frame.
    mutating func refuse(_ reason: RejectReason) {
        let lost = accepted
        forgetFrame()
        if lost > 0 { reject(reason, count: lost) }
    }

    /// Forgets all messages since the last successful `append`: they count as not received.
    mutating func withdraw() {
        forgetFrame()
        waiting.reset()
        waitingMessages = 0
    }

    private mutating func forgetFrame() {
        frame.reset()
        accepted = 0
        isSealed = false
    }
}
