import DaemonMetrics
import Journal
import Listen
import Logging
import Record
import Sockets
import SystemClock

/// Takes in the messages of one transport's streams.
///
/// While the journal has no room, the frame at hand is kept and nothing more is read: senders wait, and nothing is
/// lost.
public final class StreamIntake: StreamConsumer {
    private var intake: Intake
    private let metrics: IngestMetrics
    private let rejectLog: RejectLog
    private let logger: Logger
    /// The relay of the last message, whose name needs no search.
    private var lastRelay: (text: ExactText, name: RelayName)?
    private var isHeldUp = false
    private var isAbandoned = false
    /// Valid messages that did not get into the journal before the end.
    private var lost: UInt64 = 0

    /// - Parameter maximumAge: of a record, microseconds; nil for no limit.
    public init(
        _ transport: StreamPeer.Transport, journal: Journal, metrics: IngestMetrics, rejectLog: RejectLog,
        digests: DigestDemand, logger: Logger, maximumAge: Int64? = nil
    ) {
        intake = Intake(
            journal: journal, transport: transport.rawValue, metrics: metrics, digests: digests,
            maximumAge: maximumAge)
        self.metrics = metrics
        self.rejectLog = rejectLog
        self.logger = logger
    }

    public func take(_ message: UnsafeRawBufferPointer, from peer: StreamPeer, isWhole: Bool) {
        let now = wallClock()
        let found =
            peer.isCertified
            ? intake.take(message, now: now, identity: .relay, relay: relay(of: peer))
            : intake.take(message, now: now, identity: .claimed, source: peer.source.number)
        if let found {
            reject(isWhole ? found : .cutOff, message, from: peer, now: now)
        }
        if isAbandoned { giveUp() }
    }

    private func relay(of peer: StreamPeer) -> RelayName? {
        guard let text = peer.relay else { return nil }
        if let lastRelay, lastRelay.text == ExactText(text) { return lastRelay.name }
        let name = RelayName(text)
        lastRelay = (ExactText(text), name)
        return name
    }

    public func reject(_ fault: StreamFault, _ beginning: UnsafeRawBufferPointer, from peer: StreamPeer) {
        let reason: RejectReason =
            switch fault {
            case .tooLong: .tooLong
            case .badFrame: .badFrame
            case .cutOff: .cutOff
            }
        reject(reason, beginning, from: peer, now: wallClock())
    }

    public func flush() -> Bool {
        do throws(JournalError) { try intake.append() } catch {
            if !isHeldUp { rejectLog.note(streamsHeldUpBy: error) }
            isHeldUp = true
            return false
        }
        isHeldUp = false
        return true
    }

    public func abandon() {
        isAbandoned = true
        giveUp()
    }

    public func concludeAbandoned() {
        logger.error(
            "the journal has no room and the daemon ends; messages read from streams are lost",
            metadata: ["messages": "\(lost)"])
        do throws(JournalError) { try intake.append(isLast: true) } catch {
            rejectLog.note(uncounted: intake.waitingMessages, error)
        }
    }

    public func withdraw() {
        logger.error(
            "the journal has no room and the daemon ends; messages stay in connections that the service manager keeps",
            metadata: ["messages": "\(intake.accepted)"])
        intake.withdraw()
    }

    public func connectionsChanged(by change: Int) {
        metrics.update { $0.connections = UInt64(Int($0.connections) + change) }
    }

    public func refused(_ reason: ConnectionRefusal, _ peer: StreamPeer, why: String) {
        metrics.update { $0.refusedConnections[reason.rawValue, default: 0] += 1 }
        rejectLog.note(connection: reason.rawValue, from: peer.address, why: why)
    }

    private func giveUp() {
        lost += intake.accepted
        intake.refuse(.journalFull)
    }

    private func reject(_ reason: RejectReason, _ message: UnsafeRawBufferPointer, from peer: StreamPeer, now: Int64) {
        intake.reject(reason)
        rejectLog.note(reason, message, sender: "\(peer.transport.rawValue) \(peer.address)", now: now)
    }
}
