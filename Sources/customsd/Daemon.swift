import Background
import DaemonMetrics
import DaemonWeb
import Glibc
import Journal
import Listen
import Log
import Logging
import Pipeline
import ServiceLifecycle
import Settings
import Sockets
import Store
import Synchronization
import Threads
import UnixSignals

/// Opens the addresses and the store of the plan, and runs until it is told to end.
struct Daemon {
    let plan: Plan
    /// Reads the configuration again.
    let reload: @Sendable () throws -> Plan

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let metrics = IngestMetrics()
        let lines = LineQueue(descriptor: STDERR_FILENO) { metrics.update { $0.droppedLogLines += 1 } }
        let logger = startLog(lines)
        // a log that is not read must not delay the end
        defer { lines.drain(milliseconds: 1_000) }
        let (sockets, streamSockets, kept) = try openSockets(logger)
        let streams = try makeStreams(streamSockets, kept, logger)
        let pipeline: Pipeline
        do {
            pipeline = try Pipeline(
                settings: plan.settings, sockets: sockets, streams: streams,
                batchSystem: .slurm(plan.settings), metrics: metrics, logger: logger)
        } catch {
            throw Failure(69, "\(error)")
        }
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(
                service: PipelineService(
                    pipeline: pipeline,
                    addresses: (sockets.map { $0.address } + streamSockets.map { $0.address }).map { $0.description },
                    store: plan.store, logger: logger),
                successTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: HangupService(reload: reload, pipeline: pipeline, started: plan.settings, logger: logger)),
        ]
        if let http = plan.http {
            services.append(
                .init(
                    service: DaemonWebService(
                        host: http.host, port: http.port, descriptors: DescriptorReserve.limit, metrics: metrics,
                        logger: logger)))
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        defer { for socket in sockets { socket.removePath() } }
        do {
            try await group.run()
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(69, "\(error)")
        }
        logger.info("ended")
    }

    /// Sends log lines through the queue from now on; a thread of its own writes them.
    private func startLog(_ lines: LineQueue) -> Logger {
        LoggingSystem.bootstrap { StreamLogHandler(label: $0, stream: lines) }
        var logger = Logger(label: "customsd")
        logger.logLevel = plan.level
        startThread("log") { [logger] in
            lines.run { dropped in
                logger.warning(
                    "log lines were dropped because standard error was not read", metadata: ["lines": "\(dropped)"])
            }
        }
        return logger
    }

    /// The sockets that the service manager passed, and those of the configuration that are not among them; of the
    /// default configuration none, if any was passed; and the connections that the service manager has kept.
    private func openSockets(_ logger: Logger) throws -> ([DatagramSocket], [StreamSocket], KeptStreams) {
        let inherited = ServiceManager.inheritedSockets(secure: plan.listen.filter { $0.isTLS })
        if inherited.refused > 0 {
            throw Failure(
                69, "the service manager passed \(inherited.refused) sockets that are not UDP, unix datagram or TCP")
        }
        var sockets = inherited.datagrams
        var streams = inherited.streams
        let wanted = plan.settings.listenIsDefault && !inherited.isEmpty ? [] : plan.listen
        let known = sockets.map { $0.address } + streams.map { $0.address }
        do throws(ListenError) {
            for address in wanted where !known.contains(address) {
                if address.streamEnd == nil {
                    sockets += try DatagramSocket.sockets(at: address, count: plan.settings.receive.threads)
                } else {
                    streams.append(try StreamSocket(address))
                }
            }
        } catch {
            throw Failure(69, error.description)
        }
        let bufferBytes = plan.settings.receive.bufferBytes
        for socket in sockets {
            let given = socket.raiseReceiveBuffer(to: bufferBytes)
            if given < bufferBytes {
                logger.warning(
                    "the kernel grants a smaller receive buffer than requested; it may drop bursts",
                    metadata: [
                        "socket": "\(socket.address.description)", "asked": "\(bufferBytes)", "given": "\(given)",
                        "remedy": "sysctl -w net.core.rmem_max=\(bufferBytes)",
                    ])
            }
        }
        return (sockets, streams, inherited.kept)
    }

    private func makeStreams(
        _ sockets: [StreamSocket], _ kept: KeptStreams, _ logger: Logger
    ) throws -> StreamServer? {
        if sockets.isEmpty && kept.connections.isEmpty { return nil }
        let wanted = plan.streamLimits.descriptors
        DescriptorReserve.raiseLimit(to: wanted + 256)
        let limit = DescriptorReserve.limit
        if DescriptorReserve.available(of: limit) < wanted {
            logger.warning(
                "the limit on open files allows fewer connections than [streams] configures",
                metadata: [
                    "max_connections": "\(plan.settings.streams.maximumConnections)", "limit": "\(limit)",
                    "remedy": "LimitNOFILE=\(wanted + 256)",
                ])
        }
        if plan.certificates == nil, let socket = sockets.first(where: { $0.address.isTLS }) {
            throw Failure(78, "\(socket.address.description): TLS needs certificate and key in [tls]")
        }
        return try StreamServer(
            sockets, kept: kept, limits: plan.streamLimits, tls: try plan.certificates?.load())
    }
}

/// The pipeline as a service, with threads of its own.
private struct PipelineService: Service {
    let pipeline: Pipeline
    let addresses: [String]
    let store: String
    let logger: Logger

    func run() async throws {
        do throws(ListenError) { try pipeline.start() } catch { throw Failure(69, error.description) }
        await onThread("wait") { pipeline.waitForStore(milliseconds: 5_000) }
        logger.info(
            "ready", metadata: ["listen": "\(addresses.joined(separator: ", "))", "store": "\(store)"])
        ServiceManager.notify("READY=1")
        await cancelWhenGracefulShutdown {
            for await _ in pipeline.failures { return }
        }
        ServiceManager.notify("STOPPING=1")
        logger.info("stopping: receives no more, and writes the received messages")
        let failure = await onThread("stop") { pipeline.stop() }
        if let failure { throw Failure(70, failure) }
    }
}

/// Runs a blocking function on a thread of its own.
private func onThread<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        startThread(name) { continuation.resume(returning: body()) }
    }
}

/// Reads the configuration again at SIGHUP. It applies the settings that can change while running, and logs the names
/// of the others.
private struct HangupService: Service {
    let reload: @Sendable () throws -> Plan
    let pipeline: Pipeline
    let started: Settings
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                do {
                    let plan = try reload()
                    let fresh = plan.settings
                    // the files may be new ones with the same names
                    pipeline.tune(streams: plan.streamLimits, tls: try plan.certificates?.load())
                    pipeline.tune(fresh)
                    logger.notice(
                        "configuration read again",
                        metadata: ["waits_for_next_start": "\(fresh.changesAtStart(from: started))"])
                } catch {
                    logger.error(
                        "configuration not applied",
                        metadata: ["why": "\((error as? Failure)?.description ?? "\(error)")"])
                }
            }
        }
    }
}
