import DaemonMetrics
import HTTPConnections
import Hummingbird
import Logging
import NIOCore

/// The daemon's answers for machines: `/healthz` and `/metrics`.
enum DaemonWebApplication {
    /// - Parameters:
    ///   - host: the address to bind.
    ///   - metrics: the daemon's counts.
    ///   - connections: limits of connections.
    ///   - group: has one thread, so that a connection is counted before the next one is accepted.
    ///   - onServerRunning: called once the address is bound.
    static func make(
        host: String, port: Int, metrics: IngestMetrics, connections: HTTPConnections,
        group: any EventLoopGroup, logger: Logger, onServerRunning: @escaping @Sendable () -> Void
    ) -> some ApplicationProtocol {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.get("/healthz") { _, _ in
            let answer = healthz(metrics.snapshot)
            return Response(
                status: answer.isHealthy ? .ok : .serviceUnavailable,
                headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: answer.text)))
        }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.snapshot.prometheusText)))
        }
        return Application(
            router: router,
            server: .http1(configuration: .init(additionalChannelHandlers: [connections.handler])),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { _ in onServerRunning() },
            eventLoopGroupProvider: .shared(group),
            logger: logger)
    }

    /// Healthy while the store answers: receiving goes on without it, but only until the journal is full.
    static func healthz(_ snapshot: IngestMetrics.Snapshot) -> (isHealthy: Bool, text: String) {
        if snapshot.storeUnavailable {
            return (false, "store unavailable; \(snapshot.received &- snapshot.settled) messages wait in the journal\n")
        }
        return (true, "ok\n")
    }
}
