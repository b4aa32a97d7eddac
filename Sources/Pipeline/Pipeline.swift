import Background
import DaemonMetrics
import Glibc
import Journal
import Listen
import Logging
import Receive
import Record
import Settings
import Store
import Synchronization
import SystemClock
import Threads
import Write

/// Joins the stages: `Listen -> Wire -> Journal => Merge -> Store`.
///
/// Left of `=>` is a thread for each datagram socket, one for TCP and one for TLS, which never waits for disk sync, database or Slurm. Right of it is one thread
/// that writes; beside it one that asks Slurm of jobs, one that sends canaries out, and one that packs days that have ended.
/// Another syncs the journal. Memory is bounded: the receivers' buffers, one batch, the dictionaries and the
/// identities of late records, each with a bound of its own; what waits, waits on disk.
public final class Pipeline: Sendable {
    private let receivers: [DatagramReceiver]
    private let streams: StreamServer?
    private let journal: Journal
    private let metrics: IngestMetrics
    private let batches: Tunable<MergeSettings>
    private let syncInterval: Tunable<Int>
    private let rejectsPerMinute: Tunable<Int>
    private let location: StoreLocation
    private let stateDirectory: String
    private let logger: Logger
    private let rejectLog: RejectLog
    private let gists = GistDemand()
    private let activity = StoreActivity()
    private let settled: SettledMemory

    /// A third of the turns that a receiver gets, where processors are short.
    private static let writerNiceness: Int32 = 5

    private let stopReceiving = StopSignal()
    private let stopWriting = StopSignal()
    private let stopAsking = StopSignal()
    private let slurm: SlurmSettings
    private let canary: CanarySettings
    private let threads = Mutex(0)
    private let failure = Mutex<String?>(nil)
    /// Tells what made a stage end early, while the others still run.
    public let failures: AsyncStream<String>
    private let tellFailure: AsyncStream<String>.Continuation

    /// Opens the journal; nothing is received yet.
    ///
    /// - Parameter streams: nil where no stream is received.
    /// - Throws: `JournalError`, `StoreError.badLocation`.
    public init(
        settings: Settings, sockets: [DatagramSocket], streams: StreamServer?, metrics: IngestMetrics, logger: Logger
    ) throws {
        batches = Tunable(settings.merge)
        syncInterval = Tunable(settings.journal.syncIntervalMilliseconds)
        rejectsPerMinute = Tunable(settings.log.rejectsPerMinute)
        (failures, tellFailure) = AsyncStream.makeStream()
        self.metrics = metrics
        self.logger = logger
        location = try StoreLocation(settings.store)
        stateDirectory = settings.stateDirectory
        slurm = settings.slurm
        canary = settings.canary
        journal = try Journal(
            directory: settings.stateDirectory + "/journal",
            limits: JournalLimits(
                segmentBytes: settings.journal.segmentBytes, maximumBytes: settings.journal.maximumBytes))
        for note in journal.notes { logger.warning("journal: \(note)") }
        rejectLog = RejectLog(logger: logger, perMinute: rejectsPerMinute)
        receivers = sockets.map { DatagramReceiver($0) }
        self.streams = streams
        settled = SettledMemory(path: settings.stateDirectory + "/settled")
        showJournal()
    }

    /// Has the metrics look into the journal, and at what the store is asked, when somebody wants to know.
    private func showJournal() {
        let estimate = settled.estimate(of: journal)
        metrics.update {
            $0.settled = estimate.settled
            $0.oldestPending = estimate.oldestPending
        }
        metrics.observe { [journal, activity] snapshot in
            snapshot.received = journal.head.tally
            snapshot.journalBytes = UInt64(journal.byteCount)
            snapshot.storeSilence = activity.silence
            if snapshot.storeSilence > StoreWatch.patience { snapshot.storeIsAway = true }
            let waited = snapshot.oldestPending.map { max(0, wallClock() - $0) / 1_000 } ?? 0
            snapshot.oldestPendingSeconds = snapshot.pending == 0 ? 0 : Double(waited) / 1_000
        }
    }

    /// Starts all threads. From now on messages are received.
    ///
    /// - Throws: `ListenError.cannotListen`.
    public func start() throws(ListenError) {
        try streams?.start(
            { transport in
                StreamIntake(
                    transport, journal: self.journal, metrics: self.metrics, rejectLog: self.rejectLog,
                    gists: self.gists, logger: self.logger)
            },
            onThread: { startStage("receive", $0) },
            onFailure: { why in
                self.logger.critical("streams are not received", metadata: ["why": "\(why)"])
                self.fail(why)
            })
        let memory = KernelDropMemory(
            path: stateDirectory + "/kernel-drops", cookies: receivers.map { $0.socket.cookie })
        for receiver in receivers {
            startStage("receive") {
                var intake = DatagramIntake(
                    journal: self.journal, socket: receiver.socket, memory: memory, metrics: self.metrics,
                    rejectLog: self.rejectLog, gists: self.gists)
                receiver.run { intake.take($0) }
                intake.finish()
            }
        }
        startStage("sync") { self.runSync() }
        startStage("write") {
            // in a burst what waits in the journal is safe, and what waits in the kernel is not
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Pipeline.writerNiceness)
            self.runWriter()
        }
        startThread("watch") {
            StoreWatch(activity: self.activity, metrics: self.metrics, stop: self.stopAsking, logger: self.logger).run()
        }
        startThread("heartbeat") { self.runSpareHeartbeat() }
        // no end waits for it: it may stand in a question to Slurm, and what it has not written it asks for again
        if slurm.source != "off" { startThread("jobs") { self.runJobs() } }
        // jobs of canaries that were sent out by hand are watched too
        startThread("canaries") { self.runCanaries() }
        startThread("upkeep") { self.runUpkeep() }
    }

    /// Waits until the store has answered, or has failed to once, or the time is over: so that whoever waits for readiness
    /// finds the tables there, and a store that is away holds up nothing.
    public func waitForStore(milliseconds: Int) {
        let end = steadyMilliseconds() + milliseconds
        while steadyMilliseconds() < end {
            let snapshot = metrics.snapshot
            if !snapshot.storeIsAway || snapshot.storeFailures > 0 || hasFailed { return }
            usleep(5_000)
        }
    }

    /// Ends in the order of the flow: the receivers take what the kernel holds, the writer what the journal holds; what the
    /// store does not take now it gets after the next start. Blocks until all threads have ended, but for one that waits for a
    /// store that cannot be made to answer.
    ///
    /// - Returns: what made a stage end early; nil if all ended as they should.
    public func stop() -> String? {
        stopAsking.request()
        for receiver in receivers { receiver.stop() }
        streams?.stop()
        while threads.withLock({ $0 }) > 2 { usleep(2_000) }
        stopWriting.request()
        journal.wake()
        var end = StatementEnd(activity, logger: logger)
        var left = 0
        while threads.withLock({ $0 }) > 1 {
            if !end.goesOn() {
                left = 1
                break
            }
            usleep(2_000)
        }
        stopReceiving.request()
        while threads.withLock({ $0 }) > left { usleep(2_000) }
        return failure.withLock { $0 }
    }

    /// Takes over from `settings` what can change while running: batches, sync interval, logging of rejects.
    public func tune(_ settings: Settings) {
        batches.set(settings.merge)
        syncInterval.set(settings.journal.syncIntervalMilliseconds)
        rejectsPerMinute.set(settings.log.rejectsPerMinute)
    }

    /// Takes over, for connections to come, what is known of streams.
    public func tune(streams limits: StreamLimits, tls: TLSServer?) { streams?.reload(limits: limits, tls: tls) }

    private var hasFailed: Bool { failure.withLock { $0 != nil } }

    private func fail(_ why: String) {
        failure.withLock { $0 = why }
        tellFailure.yield(why)
    }

    private func startStage(_ name: String, _ body: @escaping @Sendable () -> Void) {
        threads.withLock { $0 += 1 }
        startThread(name) {
            body()
            self.threads.withLock { $0 -= 1 }
        }
    }

    private func runSync() {
        while !stopReceiving.isRequested {
            stopReceiving.wait(milliseconds: syncInterval.current)
            do throws(JournalError) { try journal.sync() } catch {
                logger.error("the journal cannot be synced", metadata: ["why": "\(error)"])
                stopReceiving.wait(milliseconds: 1_000)
            }
        }
    }

    private func runJobs() {
        guard let source = slurm.jobSource else { return }
        JobFactsStage(
            settings: slurm, source: source, ledger: location.makeJobLedger(), metrics: metrics, stop: stopAsking,
            logger: logger
        ).run()
    }

    private func runCanaries() {
        CanaryStage(
            settings: canary, source: slurm.jobSource ?? slurm.commands, rest: slurm.rest,
            ledger: location.makeCanaryLedger(), metrics: metrics, stop: stopAsking, logger: logger
        ).run()
    }

    /// While the writer waits for the store, others are told how much waits, if the store lets them.
    private func runSpareHeartbeat() {
        guard let spare = location.makeSpareHeartbeat() else { return }
        while !stopAsking.isRequested {
            stopAsking.wait(milliseconds: 1_000)
            guard activity.silence > StoreWatch.patience else { continue }
            let seen = metrics.snapshot
            // what goes wrong here is the store's silence once more, of which others speak
            try? spare.beat(
                source: journal.identity,
                Heartbeat(received: seen.received, now: wallClock(), oldestPending: seen.oldestPending))
        }
    }

    private func runUpkeep() {
        UpkeepStage(upkeep: location.makeUpkeep(), metrics: metrics, stop: stopAsking, logger: logger).run()
    }

    private func runWriter() {
        let writer = Writer(
            journal: journal,
            refusedFile: RefusedFile(stateDirectory + "/refused.log", journal: journal.identity),
            store: location.makeStore(activity: activity), activity: activity, settled: settled, limits: batches,
            metrics: metrics, gists: gists, stop: stopWriting, logger: logger, homeCluster: slurm.cluster)
        do {
            try writer.run()
        } catch {
            logger.critical("the writer has ended", metadata: ["why": "\(error)"])
            fail("\(error)")
        }
    }
}
