import DaemonMetrics
import Glibc
import Journal
import Listen
import Logging
import Receive
import Record
import Sockets
import Synchronization
import TemporaryFolders
import Testing
import Threads

/// A journal in a folder of its own, and what takes messages in.
final class Receiving {
    let journal: Journal
    let metrics = IngestMetrics()
    let log = KeptLog()
    let digests = DigestDemand()
    private let temporary = TemporaryFolder("customs-receive")
    var folder: String { temporary.path }

    init(journalBytes: Int = 64 << 20) throws {
        journal = try Journal(
            directory: temporary.path + "/journal",
            limits: JournalLimits(segmentBytes: 16_384, maximumBytes: journalBytes))
    }

    var rejectLog: RejectLog { RejectLog(logger: log.logger, perMinute: Tunable(1_000_000)) }

    func streamIntake(_ transport: StreamPeer.Transport = .tcp, maximumAge: Int64? = nil) -> StreamIntake {
        StreamIntake(
            transport, journal: journal, metrics: metrics, rejectLog: rejectLog, digests: digests, logger: log.logger,
            maximumAge: maximumAge)
    }

    /// Fills the journal until it takes no more.
    ///
    /// - Returns: the messages that it took.
    func fillJournal() -> UInt64 {
        var count: UInt64 = 0
        for bytes in [1_000, 1] {
            let frame = FrameBuilder()
            frame.append { $0.append(contentsOf: [UInt8](repeating: 0, count: bytes)) }
            while (try? journal.append(frame, tallyIncrease: 1)) != nil { count += 1 }
        }
        return count
    }

    /// Gives up what the journal holds, as the writer does once the store has it.
    func releaseJournal() { journal.release(upTo: journal.head, keepingSequencesFrom: journal.head.sequence) }

    /// What the journal holds: the messages' users, and the counts of rejects and drops.
    func journalled(from position: JournalPosition? = nil) throws -> (records: [String], counts: [String: UInt64]) {
        let reader = try journal.reader(at: position)
        var records: [String] = []
        var counts: [String: UInt64] = [:]
        while try reader.next({ frame in
            frame.forEach { _, bytes in
                switch Entry.read(bytes) {
                case .message(_, let json): records.append(String(decoding: json, as: UTF8.self))
                case .tally(let tally): for (name, count) in tally { counts[name, default: 0] += count }
                case nil: break
                }
            }
        }) {}
        return (records, counts)
    }

    /// The networks that the journal's messages came from.
    func sources() throws -> [UInt64?] {
        let reader = try journal.reader(at: nil)
        var found: [UInt64?] = []
        while try reader.next({ frame in
            frame.forEach { _, bytes in
                if case .message(let envelope, _)? = Entry.read(bytes) { found.append(envelope.source) }
            }
        }) {}
        return found
    }
}

/// A record as one message.
func message(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    let id = String(repeating: "0", count: 32 - digits.count) + digits
    return "<134>1 - host customs 1 imports - {\"v\":1,\"id\":\"\(id)\",\"packages\":{\"numpy\":\"2.0\"}}"
}

let peer = StreamPeer(transport: .tcp, address: "192.0.2.7:40000", host: "192.0.2.7")

extension StreamIntake {
    func take(_ text: String, isWhole: Bool = true) {
        var text = text
        text.withUTF8 { take(UnsafeRawBufferPointer($0), from: peer, isWhole: isWhole) }
    }

    func reject(_ fault: StreamFault, _ text: String) {
        var text = text
        text.withUTF8 { reject(fault, UnsafeRawBufferPointer($0), from: peer) }
    }
}

/// The lines of a log, kept.
final class KeptLog: Sendable {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    var logger: Logger { Logger(label: "tests") { _ in Handler(log: self) } }

    private func keep(_ line: String) { state.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let log: KeptLog
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let words = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            log.keep("\(event.level): \(event.message)" + words.joined())
        }
    }
}

/// Waits up to 20 s for something to come true.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<4_000 {
        if condition() { return true }
        usleep(5_000)
    }
    return false
}
