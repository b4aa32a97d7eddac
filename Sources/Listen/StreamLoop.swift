import NIOCore
import Synchronization

/// What the connections share: the consumer, the bounds, and whether the journal has room. One thread uses it.
final class StreamLoop {
    let consumer: any StreamConsumer
    /// While true nothing is read: what was taken last is not yet in the journal.
    private(set) var isBlocked = false

    private let eventLoop: NIOIsolatedEventLoop
    private let limits: @Sendable () -> StreamLimits
    private var connections: [ObjectIdentifier: StreamConnection] = [:]
    private var perHost: [String: Int] = [:]
    private var isStopping = false
    private var stopDeadline: NIODeadline?
    private var ended: EventLoopPromise<Void>?

    init(
        eventLoop: NIOIsolatedEventLoop, consumer: any StreamConsumer, limits: @escaping @Sendable () -> StreamLimits
    ) {
        self.eventLoop = eventLoop
        self.consumer = consumer
        self.limits = limits
    }

    /// - Returns: why the connection is not let in.
    func admit(_ connection: StreamConnection) -> ConnectionRefusal? {
        let limits = limits()
        if isStopping || connections.count >= limits.connections { return .tooMany }
        if perHost[connection.host, default: 0] >= limits.connectionsPerAddress { return .tooManyOfAddress }
        connections[ObjectIdentifier(connection)] = connection
        perHost[connection.host, default: 0] += 1
        consumer.connectionsChanged(to: connections.count)
        return nil
    }

    func remove(_ connection: StreamConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        let left = perHost[connection.host, default: 1] - 1
        perHost[connection.host] = left > 0 ? left : nil
        consumer.connectionsChanged(to: connections.count)
        endIfEmpty()
    }

    func flush() {
        if isBlocked || consumer.flush() { return }
        isBlocked = true
        retryLater()
    }

    func watchTimes() {
        eventLoop.scheduleTask(in: .seconds(1)) {
            if self.isStopping { return }
            if !self.isBlocked {
                let limits = self.limits()
                for connection in Array(self.connections.values) { connection.expire(now: .now(), limits: limits) }
            }
            self.watchTimes()
        }
    }

    /// Takes what senders have sent so far, and ends.
    func stop(_ promise: EventLoopPromise<Void>, milliseconds: Int64) {
        isStopping = true
        ended = promise
        stopDeadline = .now() + .milliseconds(milliseconds)
        closeQuietOnes()
    }

    private func retryLater() {
        eventLoop.scheduleTask(in: .milliseconds(20)) { self.retry() }
    }

    private func retry() {
        guard isBlocked else { return }
        guard consumer.flush() else { return retryLater() }
        isBlocked = false
        for connection in Array(connections.values) where !isBlocked { connection.resume() }
        endIfEmpty()
    }

    private func closeQuietOnes() {
        if ended == nil { return }
        let now = NIODeadline.now()
        if let stopDeadline, now > stopDeadline {
            if isBlocked { consumer.abandon() }
            isBlocked = false
            for connection in Array(connections.values) { connection.closeIfQuiet(now: now, milliseconds: -1) }
            ended?.succeed()
            ended = nil
            return
        }
        if !isBlocked {
            for connection in Array(connections.values) { connection.closeIfQuiet(now: now, milliseconds: 50) }
        }
        endIfEmpty()
        if ended != nil { eventLoop.scheduleTask(in: .milliseconds(10)) { self.closeQuietOnes() } }
    }

    private func endIfEmpty() {
        guard isStopping, connections.isEmpty, !isBlocked else { return }
        ended?.succeed()
        ended = nil
    }
}
