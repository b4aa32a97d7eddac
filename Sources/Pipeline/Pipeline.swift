import Background
import DaemonMetrics
import Glibc
import Journal
import Listen
import Logging
import Receive
import Record
import Settings
import Sockets
import Store
import Synchronization
import SystemClock
import Threads
import Write

/// Joins the stages: `Listen -> Wire -> Journal => Merge -> Store`.
///
/// Left of `=>` receive a thread for each datagram socket and one for all streams. They never wait for disk sync,
/// database or batch system; another thread syncs the journal. Right of `=>` one thread writes. Beside the flow one
/// thread asks the batch system about jobs, one sends canaries out, and one does maintenance. Memory is bounded: the
/// receivers' buffers, one batch, the dictionaries and the identities of late records each have a bound. What waits,
/// waits on disk.
public final class Pipeline: Sendable {
    /// The stages that `stop` ends, in the order of the flow.
    private struct Running {
        var receiving: [Stage] = []
        var writing: Stage?
        var syncing: Stage?
    }

    private let receivers: [DatagramReceiver]
    private let streams: StreamServer?
    private let journal: Journal
    private let metrics: IngestMetrics
    private let location: StoreLocation
    private let stateDirectory: String
    /// The greatest age of a record that is received, microseconds; nil for no limit.
    private let maximumAge: Int64?
    private let jobs: SlurmSettings
    private let canary: CanarySettings
    private let batchSystem: BatchSystem
    private let logger: Logger
    private let rejectLog: RejectLog
    private let digests = DigestDemand()
    private let activity = StoreActivity()
    private let settled: SettledMemory

    private let batches: Tunable<MergeSettings>
    private let syncInterval: Tunable<Int>
    private let rejectsPerMinute: Tunable<Int>

    private let stopBackground = StopSignal()
    private let stopWriting = StopSignal()
    private let stopSyncing = StopSignal()
    /// Opens once the store answers again, or has failed to.
    private let storeTried = Latch()
    private let running = Mutex(Running())
    private let failure = Mutex<String?>(nil)
    /// The reason for which a stage ended early, while the others still run.
    public let failures: AsyncStream<String>
    private let tellFailure: AsyncStream<String>.Continuation

    /// Gives the writer a third of a receiver's share of the processor when processors are busy.
    private static let writerNiceness: Int32 = 5
    /// Between looks at a statement that holds up the end, milliseconds.
    private static let statementInterval = 50

    /// Opens the journal; the daemon does not receive yet.
    ///
    /// - Parameter streams: nil if no stream address is configured.
    /// - Throws: `JournalError`, `StoreError.badLocation`.
    public init(
        settings: Settings, sockets: [DatagramSocket], streams: StreamServer?, batchSystem: BatchSystem,
        metrics: IngestMetrics, logger: Logger
    ) throws {
        batches = Tunable(settings.merge)
        syncInterval = Tunable(settings.journal.syncIntervalMilliseconds)
        rejectsPerMinute = Tunable(settings.log.rejectsPerMinute)
        (failures, tellFailure) = AsyncStream.makeStream()
        self.metrics = metrics
        self.logger = logger
        location = try StoreLocation(settings.store)
        stateDirectory = settings.stateDirectory
        maximumAge = settings.receive.maximumAgeDays.map { Int64($0) * Calendar.microsecondsPerDay }
        jobs = settings.slurm
        canary = settings.canary
        self.batchSystem = batchSystem
        journal = try Journal(
            directory: settings.stateDirectory + "/journal",
            limits: JournalLimits(
                segmentBytes: settings.journal.segmentBytes, maximumBytes: settings.journal.maximumBytes,
                retentionSeconds: settings.journal.retentionDays * 86_400))
        for note in journal.notes { logger.warning("journal: \(note)") }
        rejectLog = RejectLog(logger: logger, perMinute: rejectsPerMinute)
        receivers = sockets.map { DatagramReceiver($0) }
        self.streams = streams
        settled = SettledMemory(path: settings.stateDirectory + "/settled")
        showJournal()
    }

    /// Starts all threads. From now on messages are received.
    ///
    /// - Throws: `ListenError.cannotListen`.
    public func start() throws(ListenError) {
        var stages = Running()
        stages.receiving = try startStreams() + startDatagrams()
        stages.syncing = Stage("sync") { [journal, syncInterval, stopSyncing, logger] in
            JournalSync(journal, interval: syncInterval, stop: stopSyncing, logger: logger).run()
        }
        stages.writing = Stage("write") {
            // in a burst, messages in the journal are safe, and messages in the kernel's buffer are not
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Pipeline.writerNiceness)
            self.runWriter()
        }
        running.withLock { $0 = stages }
        startBackground()
    }

    /// Waits until the store answers again or failed once, or until the time is over. So the tables exist once the
    /// daemon is ready, and a store that is away does not hold up readiness.
    public func waitForStore(milliseconds: Int) { storeTried.wait(milliseconds: milliseconds) }

    /// Ends the stages in the order of the flow: the receivers take the kernel's messages, then the writer takes the
    /// journal's. Messages that the store does not take now are written after the next start. Blocks until these stages
    /// have ended, except a writer whose statement cannot be ended.
    ///
    /// The threads beside the flow are told to end but not waited for: one may wait for the batch system, and it asks
    /// again after the next start.
    ///
    /// - Returns: the reason for which a stage ended early; nil if all ended as they should.
    public func stop() -> String? {
        let stages = running.withLock { stages in
            defer { stages = Running() }
            return stages
        }
        stopBackground.request()
        for receiver in receivers { receiver.stop() }
        streams?.stop()
        for stage in stages.receiving { stage.join() }
        stopWriting.request()
        journal.wake()
        if let writing = stages.writing {
            var end = StatementEnd(activity, logger: logger)
            while !writing.join(milliseconds: Pipeline.statementInterval), end.goesOn() {}
        }
        stopSyncing.request()
        stages.syncing?.join()
        return failure.withLock { $0 }
    }

    /// Takes from `settings` the values that can change while running: batches, sync interval, logging of rejects.
    public func tune(_ settings: Settings) {
        batches.set(settings.merge)
        syncInterval.set(settings.journal.syncIntervalMilliseconds)
        rejectsPerMinute.set(settings.log.rejectsPerMinute)
    }

    /// Changes the settings of future stream connections.
    public func tune(streams limits: StreamLimits, tls: TLSServer?) { streams?.reload(limits: limits, tls: tls) }

    /// Makes the metrics look up the journal and the store's present statement when they are read.
    private func showJournal() {
        let estimate = settled.estimate(of: journal)
        metrics.update {
            $0.settled = estimate.settled
            $0.oldestPending = estimate.oldestPending
        }
        metrics.observe { [journal, activity] snapshot in
            snapshot.received = journal.head.tally
            snapshot.journalBytes = UInt64(journal.byteCount)
            snapshot.watch(storeSilence: activity.silence, now: steadyMilliseconds())
            let waited = snapshot.oldestPending.map { max(0, wallClock() - $0) / 1_000 } ?? 0
            snapshot.oldestPendingSeconds = snapshot.pending == 0 ? 0 : Double(waited) / 1_000
        }
    }

    private func startStreams() throws(ListenError) -> [Stage] {
        var stages: [Stage] = []
        try streams?.start(
            { transport in
                StreamIntake(
                    transport, journal: self.journal, metrics: self.metrics, rejectLog: self.rejectLog,
                    digests: self.digests, logger: self.logger, maximumAge: self.maximumAge)
            },
            onThread: { stages.append(Stage("receive", $0)) },
            onFailure: { why in
                self.logger.critical("streams are not received", metadata: ["why": "\(why)"])
                self.fail(why)
            })
        return stages
    }

    private func startDatagrams() -> [Stage] {
        let memory = KernelDropMemory(
            path: stateDirectory + "/kernel-drops", cookies: receivers.map { $0.socket.cookie })
        return receivers.map { receiver in
            Stage("receive") {
                var intake = DatagramIntake(
                    journal: self.journal, socket: receiver.socket, memory: memory, metrics: self.metrics,
                    rejectLog: self.rejectLog, digests: self.digests, maximumAge: self.maximumAge)
                receiver.run { intake.take($0) }
                intake.finish()
            }
        }
    }

    private func startBackground() {
        startThread("watch") {
            StoreWatch(
                activity: self.activity, metrics: self.metrics, stop: self.stopBackground, logger: self.logger
            ).run()
        }
        startThread("heartbeat") {
            guard let spare = self.location.makeSpareHeartbeat() else { return }
            SpareHeartbeatStage(
                spare, source: self.journal.identity, activity: self.activity, metrics: self.metrics,
                stop: self.stopBackground
            ).run()
        }
        if jobs.source != .off { startThread("jobs") { self.runJobs() } }
        // jobs of batches that were submitted by hand are watched too
        startThread("canaries") { self.runCanaries() }
        startThread("maintenance") {
            MaintenanceStage(
                maintenance: self.location.makeMaintenance(), metrics: self.metrics, stop: self.stopBackground,
                logger: self.logger
            ).run()
        }
    }

    private func runJobs() {
        JobFactsStage(
            source: batchSystem.makeSource(), cluster: jobs.cluster, intervalSeconds: jobs.intervalSeconds,
            batchJobs: jobs.batchJobs, ledger: location.makeJobLedger(), metrics: metrics, stop: stopBackground,
            logger: logger
        ).run()
    }

    private func runCanaries() {
        CanaryStage(
            settings: canary, batchSystem: batchSystem, ledger: location.makeCanaryLedger(), metrics: metrics,
            stop: stopBackground, logger: logger
        ).run()
    }

    private func runWriter() {
        let writer = Writer(
            journal: journal,
            refusedFile: RefusedFile(stateDirectory + "/refused.log", journal: journal.identity),
            store: location.makeStore(activity: activity), activity: activity, settled: settled, limits: batches,
            metrics: metrics, digests: digests, stop: stopWriting, tried: storeTried, logger: logger,
            homeCluster: jobs.cluster)
        do {
            try writer.run()
        } catch {
            logger.critical("the writer has ended", metadata: ["why": "\(error)"])
            fail("\(error)")
        }
    }

    private func fail(_ why: String) {
        failure.withLock { $0 = why }
        storeTried.open()
        tellFailure.yield(why)
    }
}
