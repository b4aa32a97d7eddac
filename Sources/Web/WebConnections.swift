import DaemonMetrics
import NIOCore
import Synchronization

/// Limits of connections over HTTP: their number, and the time that one may be silent.
///
/// A new connection is always accepted. If there are too many, the one that was silent for the longest time is closed,
/// so that silent connections cannot keep requests out.
final class WebConnections: Sendable {
    static let maximum = 32
    /// The time from the connection's beginning, or the last part of a request, to the next part.
    static let requestTime = TimeAmount.seconds(10)
    /// The time from a response to the next request.
    static let idleTime = TimeAmount.seconds(75)

    private struct Connection {
        let channel: any Channel
        /// The time of the last part of a request or a response.
        var lastSign: NIODeadline
        var deadline: NIODeadline
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var isClosed = false
    }

    private let maximum: Int
    private let metrics: IngestMetrics
    private let state = Mutex(State())

    /// - Parameter descriptors: the process's limit on open files; connections get at most an eighth of it.
    init(metrics: IngestMetrics, descriptors: Int) {
        maximum = max(1, min(WebConnections.maximum, descriptors / 8))
        self.metrics = metrics
    }

    /// The handler for a new connection's pipeline.
    var handler: some RemovableChannelHandler { WebConnection(self) }

    /// Closes all connections, and refuses new ones.
    func close() {
        let channels = state.withLock { state in
            state.isClosed = true
            return state.connections.values.map { $0.channel }
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Closes the connections that were silent for too long.
    func expire(now: NIODeadline = .now()) {
        let overdue = state.withLock { $0.connections.values.filter { $0.deadline < now }.map { $0.channel } }
        for channel in overdue { end(channel, .timeout) }
    }

    fileprivate func enter(_ channel: any Channel) {
        let now = NIODeadline.now()
        let (crowdedOut, isClosed) = state.withLock { state in
            let oldest =
                state.connections.count < maximum
                ? nil : state.connections.values.min { $0.lastSign < $1.lastSign }?.channel
            state.connections[ObjectIdentifier(channel)] = Connection(
                channel: channel, lastSign: now, deadline: now + WebConnections.requestTime)
            return (oldest, state.isClosed)
        }
        metrics.update { $0.webConnections += 1 }
        if let crowdedOut { end(crowdedOut, .tooMany) }
        if isClosed { channel.close(promise: nil) }
    }

    /// Notes that a part of a request or a response has passed; the next one must follow within `time`.
    fileprivate func note(_ channel: any Channel, next time: TimeAmount) {
        let now = NIODeadline.now()
        state.withLock { state in
            state.connections[ObjectIdentifier(channel)]?.lastSign = now
            state.connections[ObjectIdentifier(channel)]?.deadline = now + time
        }
    }

    fileprivate func leave(_ channel: any Channel) {
        let wasThere = state.withLock { $0.connections.removeValue(forKey: ObjectIdentifier(channel)) != nil }
        if wasThere { metrics.update { $0.webConnections -= 1 } }
    }

    private func end(_ channel: any Channel, _ reason: WebConnectionEnd) {
        metrics.update { $0.endedWebConnections[reason, default: 0] += 1 }
        channel.close(promise: nil)
    }
}

/// Watches one connection, after the decoder: a request counts once its head is complete.
private final class WebConnection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = Any
    typealias OutboundIn = Any

    private let connections: WebConnections

    init(_ connections: WebConnections) { self.connections = connections }

    func channelActive(context: ChannelHandlerContext) {
        connections.enter(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connections.note(context.channel, next: WebConnections.requestTime)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        connections.note(context.channel, next: WebConnections.idleTime)
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.leave(context.channel)
        context.fireChannelInactive()
    }
}
