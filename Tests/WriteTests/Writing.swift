import DaemonMetrics
import FakeStores
import Glibc
import Journal
import Logging
import Record
import Settings
import Store
import Synchronization
import TemporaryFolders
import Testing
import Threads
import Wire
import Write

/// A journal in a folder of its own, and writers that carry it into a store.
final class Writing {
    let journal: Journal
    let store: FakeStore
    let activity = StoreActivity()
    let metrics = IngestMetrics()
    private let temporary = TemporaryFolder("customs-write")
    var folder: String { temporary.path }

    private let batches = Tunable(MergeSettings(batchRecords: 64, batchDelayMilliseconds: 5))
    private var writer: RunningWriter?
    private var parser = MessageParser()
    private var record = UsageRecord()
    private var hasher = RunHasher()

    init(journalBytes: Int = 64 << 20) throws {
        journal = try Journal(
            directory: temporary.path + "/journal",
            limits: JournalLimits(segmentBytes: 16_384, maximumBytes: journalBytes))
        store = FakeStore(activity: activity)
        metrics.observe { [journal] snapshot in snapshot.received = journal.head.tally }
    }

    var refusedLines: [String] { lines(of: folder + "/refused.log") }

    /// Appends records of users `u1`, `u2` and so on, each with its number for its id, in one frame.
    func append(_ numbers: some Sequence<Int>) throws(JournalError) {
        let frame = FrameBuilder()
        var count: UInt64 = 0
        for number in numbers {
            frame.append { append(number, to: &$0) }
            count += 1
        }
        _ = try journal.append(frame, tallyIncrease: count)
    }

    /// Appends counts of messages that were rejected.
    func append(rejected count: UInt64, for reason: RejectReason) throws(JournalError) {
        let frame = FrameBuilder()
        frame.append { Entry.append(tally: [(IngestCounters.rejected(reason), count)], to: &$0) }
        _ = try journal.append(frame, tallyIncrease: count)
    }

    func start() { writer = RunningWriter(self, batches) }

    /// Has the writer take what the journal holds, and waits for its end.
    ///
    /// - Returns: what ended it, if anything did.
    @discardableResult
    func finish() throws -> String? {
        let running = try #require(writer)
        writer = nil
        running.stop.request()
        journal.wake()
        try #require(running.stage.join(milliseconds: 20_000), "the writer does not end")
        return running.failure.withLock { $0 }
    }

    /// Ends the writer as `Pipeline` does while the store does not answer.
    func finishImpatiently() throws {
        let running = try #require(writer)
        writer = nil
        running.stop.request()
        journal.wake()
        var end = StatementEnd(activity, logger: silent, statementAgeAtMost: 20, wait: 2_000)
        while !running.stage.join(milliseconds: 10) {
            let goesOn = end.goesOn()
            try #require(goesOn, "the statement does not end")
        }
    }

    /// Whether the store's counts add up to the position that it has, at each commit and now: what is left is pending.
    var isBalanced: Bool {
        let content = store.content
        let settled = content.position?.tally ?? 0
        return content.accounted == settled && settled <= journal.head.tally && store.breaches.isEmpty
    }

    private func append(_ number: Int, to entry: inout [UInt8]) {
        let digits = String(number, radix: 16)
        let id = String(repeating: "0", count: 32 - digits.count) + digits
        let host = "n\(number % 7)"
        let names = "\"host\":\"\(host)\",\"username\":\"u\(number)\""
        let json = "{\"v\":1,\"id\":\"\(id)\",\(names),\"packages\":{\"numpy\":\"2.0\"}}"
        var bytes = Array(json.utf8)
        let envelope = Envelope(arrival: noon)
        bytes.withUnsafeMutableBytes { bytes in
            let json = UnsafeRawBufferPointer(bytes)
            let isRecord = parser.parse(record: json, into: &record) == nil
            // not all entries have one
            let digest = isRecord && number % 3 != 0 ? RunDigest(record, envelope, by: &hasher) : nil
            Entry.append(envelope, record: json, digest: digest, to: &entry)
        }
    }
}

/// Noon of 2026-11-21 UTC.
private let noon: Int64 = 1_795_262_400_000_000

/// A logger that writes nothing.
let silent = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

/// A writer on a thread of its own.
private struct RunningWriter {
    let stop = StopSignal()
    let stage: Stage
    let failure: SharedFailure

    init(_ writing: Writing, _ batches: Tunable<MergeSettings>) {
        let failure = SharedFailure()
        self.failure = failure
        let (journal, store, folder, stop) = (writing.journal, writing.store, writing.folder, stop)
        let (activity, metrics) = (writing.activity, writing.metrics)
        stage = Stage("write") {
            let writer = Writer(
                journal: journal, refusedFile: RefusedFile(folder + "/refused.log", journal: journal.identity),
                store: store, activity: activity, settled: SettledMemory(path: folder + "/settled"), limits: batches,
                metrics: metrics, digests: DigestDemand(), stop: stop, tried: Latch(), logger: silent)
            do { try writer.run() } catch { failure.withLock { $0 = "\(error)" } }
        }
    }
}

private final class SharedFailure: Sendable {
    private let text = Mutex<String?>(nil)

    func withLock<Result: Sendable>(_ body: (inout sending String?) -> sending Result) -> Result { text.withLock(body) }
}

/// Waits up to 20 s for something to come true.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<4_000 {
        if condition() { return true }
        usleep(5_000)
    }
    return false
}

private func lines(of path: String) -> [String] {
    guard let file = fopen(path, "re") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map { String($0) }
}
