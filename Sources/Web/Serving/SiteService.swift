import Glibc
import HTTPConnections
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Store

/// Serves the site until it is told to end.
public struct SiteService: Service {
    private let site: Site
    private let gate: Gate
    private let settings: SiteSettings
    private let descriptors: Int
    private let logger: Logger

    private static let mostConnections = 512

    /// - Parameters:
    ///   - location: the store.
    ///   - source: asks the questions.
    ///   - descriptors: the process's limit on open files.
    ///   - groups: the names of a person's groups.
    public init(
        _ location: StoreLocation, _ source: any AnswerSource, _ settings: SiteSettings, descriptors: Int,
        groups: @escaping @Sendable (String) -> Set<String>, logger: Logger
    ) {
        site = Site(location, source, settings, logger: logger)
        gate = Gate(settings, groups: groups)
        self.settings = settings
        self.descriptors = descriptors
        self.logger = logger
    }

    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connections = HTTPConnections(
            maximum: SiteService.mostConnections, descriptors: descriptors,
            answerTime: .seconds(Int64(settings.questionSeconds) + 20)
        ) { _ in }
        let expiry = group.next().scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            connections.expire()
        }
        defer { expiry.cancel() }
        let address: BindAddress
        switch settings.listen {
        case .host(let host, let port): address = .hostname(host, port: port)
        case .unix(let path):
            SiteService.removeLeftSocket(path)
            address = .unixDomainSocket(path: path)
        }
        let application = Application(
            responder: SiteResponder(site: site, gate: gate),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [connections.handler],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16_384, maxHeaderListSize: 32_768, maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(address: address, serverName: nil),
            onServerRunning: { [logger, settings] channel in
                if case .unix(let path) = settings.listen { chmod(path, 0o660) }
                logger.info("listening", metadata: ["address": "\(SiteService.text(channel.localAddress))"])
            }, eventLoopGroupProvider: .shared(group), logger: logger)
        let watch = Task { [site] in await site.watch() }
        defer { watch.cancel() }
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            connections.close()
        }
        if case .unix(let path) = settings.listen { unlink(path) }
    }

    private static func text(_ address: SocketAddress?) -> String {
        guard let address else { return "?" }
        return address.pathname.map { "unix://" + $0 }
            ?? "http://\(address.ipAddress.map { $0.contains(":") ? "[\($0)]" : $0 } ?? "?"):\(address.port ?? 0)/"
    }

    /// Removes the socket of a process that has ended without doing so. Of a living one it is left, and binding fails.
    private static func removeLeftSocket(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        if let address = try? SocketAddress(unixDomainSocketPath: path), SiteService.answers(address) { return }
        unlink(path)
    }

    private static func answers(_ address: SocketAddress) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        return address.withSockAddr { connect(descriptor, $0, socklen_t($1)) } == 0
    }
}
