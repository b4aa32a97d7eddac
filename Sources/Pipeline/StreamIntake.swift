import DaemonMetrics
import Journal
import Listen
import Logging
import Record

/// Takes messages of streams in. While the journal has no room the frame at hand is kept, and nothing more is read: senders
/// wait, and nothing is lost.
final class StreamIntake: StreamConsumer {
    /// One frame of the journal each: what was read together usually came by one transport.
    private var tcp: Intake
    private var tls: Intake
    private let metrics: IngestMetrics
    private let rejectLog: RejectLog
    private let logger: Logger
    private var isHeldUp = false
    private var isAbandoned = false
    /// Messages that were acceptable and got no place in the journal before the end.
    private var lost: UInt64 = 0

    init(
        journal: Journal, metrics: IngestMetrics, rejectLog: RejectLog, gists: GistDemand,
        logger: Logger
    ) {
        func intake(_ transport: StreamPeer.Transport) -> Intake {
            Intake(journal: journal, transport: transport.rawValue, metrics: metrics, gists: gists)
        }
        tcp = intake(.tcp)
        tls = intake(.tls)
        self.metrics = metrics
        self.rejectLog = rejectLog
        self.logger = logger
    }

    func take(_ message: UnsafeRawBufferPointer, from peer: StreamPeer, isWhole: Bool) {
        let now = wallClock()
        let identity: Identity = peer.isCertified ? .relay : .claimed
        let found: RejectReason? =
            switch peer.transport {
            case .tcp: tcp.take(message, now: now, identity: identity)
            case .tls: tls.take(message, now: now, identity: identity)
            }
        if let found { reject(isWhole ? found : .cutOff, message, from: peer, now: now) }
        if isAbandoned { giveUp() }
    }

    func reject(_ fault: StreamFault, _ beginning: UnsafeRawBufferPointer, from peer: StreamPeer) {
        let reason: RejectReason =
            switch fault {
            case .tooLong: .tooLong
            case .badFrame: .badFrame
            case .cutOff: .cutOff
            }
        reject(reason, beginning, from: peer, now: wallClock())
    }

    func flush() -> Bool {
        do throws(JournalError) {
            try tcp.append()
            try tls.append()
        } catch {
            if !isHeldUp { rejectLog.note(streamsHeldUpBy: error) }
            isHeldUp = true
            return false
        }
        isHeldUp = false
        return true
    }

    func abandon() {
        isAbandoned = true
        giveUp()
    }

    func concludeAbandoned() {
        logger.error(
            "the journal has no room, and the daemon ends: messages that were read from streams are lost",
            metadata: ["messages": "\(lost)"])
        do throws(JournalError) {
            try tcp.append(isLast: true)
            try tls.append(isLast: true)
        } catch {
            rejectLog.note(uncounted: tcp.waitingMessages + tls.waitingMessages, error)
        }
    }

    func connectionsChanged(to count: Int) {
        metrics.update { $0.connections = UInt64(count) }
    }

    func refused(_ reason: ConnectionRefusal, _ peer: StreamPeer, why: String) {
        metrics.update { $0.refusedConnections[reason.rawValue, default: 0] += 1 }
        rejectLog.note(connection: reason.rawValue, from: peer.address, why: why)
    }

    private func giveUp() {
        lost += tcp.accepted + tls.accepted
        tcp.refuse(.journalFull)
        tls.refuse(.journalFull)
    }

    private func reject(_ reason: RejectReason, _ message: UnsafeRawBufferPointer, from peer: StreamPeer, now: Int64) {
        switch peer.transport {
        case .tcp: tcp.reject(reason)
        case .tls: tls.reject(reason)
        }
        rejectLog.note(reason, message, sender: "\(peer.transport.rawValue) \(peer.address)", now: now)
    }
}
