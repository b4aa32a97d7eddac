import NIOCore
import Synchronization

/// What the connections over TLS share: the consumer, and whether the journal has room. One thread uses it.
final class TLSLoop {
    let consumer: any StreamConsumer
    /// While true nothing is taken: what was taken last is not yet in the journal.
    var isBlocked: Bool { blockedSince != nil }
    /// While false nothing is read.
    var mayRead: Bool { !isBlocked && !hasReadEnough }

    private let eventLoop: NIOIsolatedEventLoop
    private let admission: StreamAdmission
    private var connections: [ObjectIdentifier: TLSConnection] = [:]
    private var blockedSince: NIODeadline?
    private var isStopping = false
    private var stopDeadline: NIODeadline?
    private var hasReadEnough = false
    private var ended: EventLoopPromise<Void>?

    init(
        eventLoop: NIOIsolatedEventLoop, consumer: any StreamConsumer, admission: StreamAdmission
    ) {
        self.eventLoop = eventLoop
        self.consumer = consumer
        self.admission = admission
    }

    /// - Returns: why the connection is not let in.
    func admit(_ connection: TLSConnection) -> ConnectionRefusal? {
        if isStopping { return .tooMany }
        if let refusal = admission.admit(connection.host) { return refusal }
        connections[ObjectIdentifier(connection)] = connection
        consumer.connectionsChanged(by: 1)
        return nil
    }

    func remove(_ connection: TLSConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        admission.leave(connection.host)
        consumer.connectionsChanged(by: -1)
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
                let limits = self.admission.limits
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
