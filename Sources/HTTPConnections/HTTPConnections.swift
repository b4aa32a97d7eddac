import NIOCore
import Synchronization

/// Limits of connections over HTTP: their number, and the time that one may be silent.
///
/// A new connection is always accepted. If there are too many, the one that was silent for the longest time is closed,
/// so that silent connections cannot keep requests out.
public final class HTTPConnections: Sendable {
    /// What happens to a connection.
    public enum Event: Sendable, Equatable {
        case opened, closed
        /// It is closed because of a limit.
        case ended(Limit)
    }

    public enum Limit: Sendable, Equatable {
        case timeout, tooMany
    }

    /// The time from the connection's beginning, or the last part of a request, to the next part.
    public static let requestTime = TimeAmount.seconds(10)
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
    fileprivate let answerTime: TimeAmount
    private let onEvent: @Sendable (Event) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maximum: the largest number of connections.
    ///   - descriptors: the process's limit on open files; connections get at most an eighth of it.
    ///   - answerTime: the time from a request to its answer.
    ///   - onEvent: is told of each connection.
    public init(
        maximum: Int, descriptors: Int, answerTime: TimeAmount = HTTPConnections.requestTime,
        onEvent: @escaping @Sendable (Event) -> Void
    ) {
        self.maximum = max(1, min(maximum, descriptors / 8))
        self.answerTime = answerTime
        self.onEvent = onEvent
    }

    /// The handler for a new connection's pipeline.
    public var handler: some RemovableChannelHandler { HTTPConnection(self) }

    /// Closes all connections, and refuses new ones.
    public func close() {
        let channels = state.withLock { state in
            state.isClosed = true
            return state.connections.values.map { $0.channel }
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Closes the connections that were silent for too long.
    public func expire(now: NIODeadline = .now()) {
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
                channel: channel, lastSign: now, deadline: now + HTTPConnections.requestTime)
            return (oldest, state.isClosed)
        }
        onEvent(.opened)
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
        if wasThere { onEvent(.closed) }
    }

    private func end(_ channel: any Channel, _ limit: Limit) {
        onEvent(.ended(limit))
        channel.close(promise: nil)
    }
}

/// Watches one connection, after the decoder: a request counts once its head is complete.
private final class HTTPConnection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = Any
    typealias OutboundIn = Any

    private let connections: HTTPConnections

    init(_ connections: HTTPConnections) { self.connections = connections }

    func channelActive(context: ChannelHandlerContext) {
        connections.enter(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connections.note(context.channel, next: connections.answerTime)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        connections.note(context.channel, next: HTTPConnections.idleTime)
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.leave(context.channel)
        context.fireChannelInactive()
    }
}
