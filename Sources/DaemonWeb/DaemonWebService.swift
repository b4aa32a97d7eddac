import DaemonMetrics
import HTTPConnections
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Answers `/healthz` and `/metrics` while the daemon runs.
///
/// Receiving does not depend on it: if the address cannot be bound, the service logs that and retries.
public struct DaemonWebService: Service {
    private let host: String
    private let port: Int
    private let descriptors: Int
    private let metrics: IngestMetrics
    private let logger: Logger

    private static let maximumConnections = 32
    private static let retryInterval = Duration.seconds(5)

    /// - Parameters:
    ///   - host: the address to bind.
    ///   - descriptors: the process's limit on open files.
    ///   - metrics: the daemon's counts.
    public init(host: String, port: Int, descriptors: Int, metrics: IngestMetrics, logger: Logger) {
        self.host = host
        self.port = port
        self.descriptors = descriptors
        self.metrics = metrics
        self.logger = logger
    }

    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let isAway = Atomic(false)
        while !Task.isCancelled && !Task.isShuttingDownGracefully {
            do {
                try await serve(group) {
                    if isAway.exchange(false, ordering: .relaxed) {
                        logger.notice("http: listening")
                    }
                }
                return
            } catch {
                if !Task.isShuttingDownGracefully, !isAway.exchange(true, ordering: .relaxed) {
                    logger.warning(
                        "http: could not listen; receiving continues, retrying",
                        metadata: [
                            "http": "\(host):\(port)", "why": "\(error)",
                            "in_seconds": "\(DaemonWebService.retryInterval.components.seconds)",
                        ])
                }
            }
            await cancelWhenGracefulShutdown { try? await Task.sleep(for: DaemonWebService.retryInterval) }
        }
    }

    private func serve(_ group: any EventLoopGroup, onServerRunning: @escaping @Sendable () -> Void) async throws {
        let connections = HTTPConnections(
            maximum: DaemonWebService.maximumConnections, descriptors: descriptors
        ) { [metrics] event in
            metrics.update { metrics in
                switch event {
                case .opened: metrics.webConnections += 1
                case .closed: metrics.webConnections -= 1
                case .ended(.timeout): metrics.endedWebConnections[.timeout, default: 0] += 1
                case .ended(.tooMany): metrics.endedWebConnections[.tooMany, default: 0] += 1
                }
            }
        }
        let watch = group.next().scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            connections.expire()
        }
        defer { watch.cancel() }
        try await withGracefulShutdownHandler {
            try await DaemonWebApplication.make(
                host: host, port: port, metrics: metrics, connections: connections, group: group, logger: logger,
                onServerRunning: onServerRunning
            ).run()
        } onGracefulShutdown: {
            // a silent connection must not delay the end
            connections.close()
        }
    }
}
