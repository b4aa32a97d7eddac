import NIOCore
import Synchronization

/// What the connections share: the consumer, the bounds, and whether the journal has room. One thread uses it.
final class StreamLoop {
    let consumer: any StreamConsumer
    /// While true nothing is taken: what was taken last is not yet in the journal.
    var isBlocked: Bool { blockedSince != nil }
    /// While false nothing is read.
    var mayRead: Bool { !isBlocked && !hasReadEnough }

    private let eventLoop: NIOIsolatedEventLoop
    private let limits: @Sendable () -> StreamLimits
    private var connections: [ObjectIdentifier: StreamConnection] = [:]
    private var perHost: [String: Int] = [:]
    private var blockedSince: NIODeadline?
    private var isStopping = false
    private var stopDeadline: NIODeadline?
    private var hasReadEnough = false
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
        blockedSince = .now()
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
    ///
    /// - Parameter patience: how long it goes on reading from senders that go on sending; and how long it waits, with what
    ///   has been read, for a journal in which there is no room.
    func stop(_ promise: EventLoopPromise<Void>, patience: TimeAmount) {
        isStopping = true
        ended = promise
        stopDeadline = .now() + patience
        closeConnections(patience)
    }

    private func retryLater() {
        eventLoop.scheduleTask(in: .milliseconds(20)) { self.retry() }
    }

    private func retry() {
        guard isBlocked else { return }
        guard consumer.flush() else { return retryLater() }
        blockedSince = nil
        for connection in Array(connections.values) where !isBlocked { connection.resume() }
        endIfEmpty()
    }

    private func closeConnections(_ patience: TimeAmount) {
        if ended == nil { return }
        let now = NIODeadline.now()
        if let stopDeadline, now > stopDeadline { hasReadEnough = true }
        if let blockedSince, hasReadEnough, now - blockedSince > patience {
            consumer.abandon()
            for connection in connections.values { connection.abandon() }
            consumer.concludeAbandoned()
            ended?.succeed()
            ended = nil
            return
        }
        if !isBlocked {
            let quiet: TimeAmount = hasReadEnough ? .zero : .milliseconds(50)
            for connection in Array(connections.values) { connection.closeIfQuiet(now: now, for: quiet) }
        }
        endIfEmpty()
        if ended != nil { eventLoop.scheduleTask(in: .milliseconds(10)) { self.closeConnections(patience) } }
    }

    private func endIfEmpty() {
        guard isStopping, connections.isEmpty, !isBlocked else { return }
        ended?.succeed()
        ended = nil
    }
}
