import CDatagram
import Glibc
import Sockets

/// The loop that serves all connections, with TLS or without, in turns of bounded length. One thread uses it.
final class StreamLoop {
    typealias Instant = ContinuousClock.Instant

    /// The objects that new connections need.
    struct Supplies {
        let sockets: [StreamSocket]
        /// The present limits.
        let limits: () -> StreamLimits
        let tls: () -> TLSServer?
        /// Changes with `tls`.
        let tlsVersion: () -> Int
        let makeConsumer: (StreamPeer.Transport) -> any StreamConsumer
    }

    /// The result of one turn, until the journal has it.
    private struct InHand {
        let connection: StreamConnection
        /// The unfinished bytes in the room for turns.
        let rest: Range<Int>
        let ends: Bool
    }

    private var listeners: StreamListeners
    private let stopDescriptor: Int32
    private let supplies: Supplies
    /// Made when the first connection of the transport comes.
    private var consumers: [StreamPeer.Transport: any StreamConsumer] = [:]
    private let events: EventQueue
    private let memory: StreamMemory
    private let serviceManager = ServiceManagerDescriptors()

    private var connections: [Int32: StreamConnection] = [:]
    private var pools = StreamPools()
    private var waiting: [StreamConnection] = []
    private var ready: [StreamConnection] = []
    private var inHand: InHand?
    private var blockedSince: Instant?
    private var isStopping = false
    private var nextTimeoutCheck = Instant.now + .seconds(1)
    private var tlsVersion: Int

    /// Certificates that are checked in one second. Each check takes a fraction of a millisecond, and relays may all
    /// have connected at once.
    private static let certificatesAtOnce = 100

    /// Makes the loop; nil if the kernel gives no event queue or no memory.
    init?(_ supplies: Supplies, kept: KeptStreams, stopDescriptor: Int32) {
        guard let events = EventQueue(),
            let memory = StreamMemory(
                // a reload may raise the limit
                places: 2 * supplies.limits().descriptors + kept.connections.count, inherited: kept.memory,
                kept: Set(kept.connections.map { datagram_cookie($0.descriptor) }))
        else { return nil }
        self.events = events
        self.memory = memory
        self.supplies = supplies
        tlsVersion = supplies.tlsVersion()
        listeners = StreamListeners(supplies.sockets, events: events)
        self.stopDescriptor = stopDescriptor
        events.watch(stopDescriptor)
        // a later process could not continue TLS
        let keepsConnections = supplies.sockets.contains { !$0.address.isTLS }
        if memory.isNew && keepsConnections { serviceManager?.keep(memory: memory.descriptor) }
        for connection in kept.connections { adopt(connection) }
    }

    /// Receives until the stop descriptor is written to, and then for at most `drainTime` more.
    ///
    /// - Parameter drainTime: maximum time for senders that go on sending; and after that, for a full journal.
    func run(drainTime: Duration) {
        while !isStopping {
            note(events.wait(milliseconds: pause))
            takeTurns()
            // after the turns: else a new connection could get a descriptor for which this round has events
            listeners.accept { accept($0, $1) }
            checkTimeouts()
        }
        listeners.close(events)
        drain(drainTime)
    }

    /// Maximum time to wait for events.
    private var pause: Int32 {
        if blockedSince != nil || serviceManager?.hasWaiting == true { return 20 }
        if !waiting.isEmpty { return 0 }
        return listeners.pauseMilliseconds ?? 1_000
    }

    private func note(_ count: Int) {
        for index in 0..<count {
            let event = events[index]
            if let connection = connections[event.descriptor] {
                if event.isLast { connection.isLast = true }
                queue(connection)
            } else if event.descriptor == stopDescriptor {
                isStopping = true
            } else {
                listeners.noteEvent()
            }
        }
        serviceManager?.retry()
    }

    // MARK: turns

    private func queue(_ connection: StreamConnection) {
        if connection.hasTurn { return }
        connection.hasTurn = true
        waiting.append(connection)
    }

    /// Gives one turn to each waiting connection.
    private func takeTurns() {
        if blockedSince != nil {
            settle()
            if blockedSince != nil { return }
            for connection in connections.values { connection.waited() }
        }
        swap(&waiting, &ready)
        for connection in ready {
            if blockedSince != nil {
                waiting.append(connection)
            } else if connection.hasTurn {
                connection.hasTurn = false
                take(connection)
            }
        }
        ready.removeAll(keepingCapacity: true)
    }

    private func take(_ connection: StreamConnection, isEnding: Bool = false) {
        guard connection.isEstablished || shakeHands(connection, isEnding: isEnding) else { return }
        let held = memory.beginTurn(connection.cookie, connection.place)
        let read = connection.read(into: UnsafeMutableRawBufferPointer(rebasing: memory.room[held...]))
        deliver(
            connection, count: held + read.count, hasMore: read.hasMore, isEnding: isEnding || read.hasEnded)
    }

    /// Continues a TLS handshake, and ends the connection if it fails.
    ///
    /// - Returns: whether the handshake is complete.
    private func shakeHands(_ connection: StreamConnection, isEnding: Bool) -> Bool {
        if isEnding {
            end(connection)
            return false
        }
        let step = connection.shakeHands { supplies.tls()?.open($0) }
        var refusal: ConnectionRefusal? = giveItsPlace(to: connection)
        var reason = ""
        switch step {
        case .done:
            if connection.peer.isCertified && supplies.tls()?.permits(connection.relayNames) == false {
                (refusal, reason) = (.notPermitted, connection.relayNames.joined(separator: ", "))
            }
            if refusal == nil { return true }
        case .hasMore: queue(connection)
        case .waits: break
        case .failed(let why): (refusal, reason) = (.handshakeFailed, why)
        case .ended: (refusal, reason) = (.handshakeFailed, "the peer gave it up")
        }
        if let refusal {
            refuse(connection, refusal, why: reason)
            end(connection)
        }
        return false
    }

    /// - Parameters:
    ///   - count: the number of the connection's bytes in the room for turns.
    ///   - hasMore: whether there may be more to read.
    private func deliver(_ connection: StreamConnection, count: Int, hasMore: Bool, isEnding: Bool) {
        let bytes = UnsafeRawBufferPointer(rebasing: memory.room[..<count])
        let hadSpoken = connection.hasSpoken
        let found = connection.deliver(bytes)
        // a place among those that have spoken is always free
        if connection.hasSpoken && !hadSpoken { _ = giveItsPlace(to: connection) }
        var ends = isEnding
        if found.isBroken {
            refuse(connection, .badFrame)
            ends = true
        } else if ends {
            connection.deliverRemainder(UnsafeRawBufferPointer(rebasing: bytes[found.done...]))
        } else if hasMore {
            queue(connection)
        }
        inHand = InHand(connection: connection, rest: found.done..<count, ends: ends)
        settle()
    }

    /// Frees the room for turns once the journal has its messages.
    private func settle() {
        guard let inHand else { return }
        let connection = inHand.connection
        guard connection.consumer.flush() else {
            if blockedSince == nil { blockedSince = .now }
            return
        }
        blockedSince = nil
        self.inHand = nil
        if inHand.ends { return end(connection) }
        memory.endTurn(
            connection.place, rest: inHand.rest, position: connection.position, passedOver: connection.passedOver)
    }

    private func consumer(for transport: StreamPeer.Transport) -> any StreamConsumer {
        if let known = consumers[transport] { return known }
        let made = supplies.makeConsumer(transport)
        consumers[transport] = made
        return made
    }

    // MARK: places

    /// Gives a connection the place of what it has shown by now; another connection may have to make room.
    ///
    /// - Returns: the reason if there is none.
    private func giveItsPlace(to connection: StreamConnection) -> ConnectionRefusal? {
        let descriptors = DescriptorReserve.available(of: DescriptorReserve.limit)
        let decision = pools.place(
            connection.descriptor, from: connection.peer.source, as: connection.standing, limits: supplies.limits(),
            descriptors: descriptors, now: .now, hasArrived: hasArrived)
        switch decision {
        case .refused(let reason): return reason
        case .admitted:
            if isFamiliar(connection) || Int(connection.descriptor) < descriptors { return nil }
            // files or programs have taken what is meant for connections
            let other = pools.dispensable(now: .now, hasArrived: hasArrived)
            guard let other, other != connection.descriptor, makeRoom(other, .noDescriptors) else {
                return .noDescriptors
            }
            return nil
        case .admittedInsteadOf(let other, let reason): return makeRoom(other, reason) ? nil : reason
        }
    }

    private func hasArrived(_ descriptor: Int32) -> Bool { connections[descriptor]?.hasArrived ?? false }

    /// Whether the loop serves it already.
    private func isFamiliar(_ connection: StreamConnection) -> Bool { connections[connection.descriptor] != nil }

    /// Ends a connection for a newcomer, after its bytes were read.
    ///
    /// - Returns: false if they cannot be read now.
    private func makeRoom(_ descriptor: Int32, _ reason: ConnectionRefusal) -> Bool {
        guard let connection = connections[descriptor] else { return true }
        if connection.isEstablished && blockedSince != nil { return false }
        refuse(connection, reason, why: "a newcomer needed its place")
        take(connection, isEnding: true)
        return true
    }

    /// Counts a connection that is not accepted, or is ended.
    private func refuse(_ connection: StreamConnection, _ reason: ConnectionRefusal, why: String = "") {
        connection.consumer.refused(reason, connection.peer, why: why)
        if reason.isFailure { pools.penalise(connection.peer.source, at: .now) }
    }

    // MARK: beginning and end of a connection

    private func accept(_ descriptor: Int32, _ transport: StreamPeer.Transport) {
        let cookie = datagram_cookie(descriptor)
        let peer = StreamPeer(transport: transport, of: SocketAddress(ofPeer: descriptor))
        let consumer = consumer(for: transport)
        guard let place = memory.makePlace(cookie) else {
            consumer.refused(.tooMany, peer, why: "")
            close(descriptor)
            return
        }
        let connection = StreamConnection(descriptor, peer, cookie: cookie, place: place, consumer: consumer)
        if let refusal = giveItsPlace(to: connection) {
            refuse(connection, refusal)
            pools.leave(descriptor)
            memory.giveBack(cookie)
            close(descriptor)
            return
        }
        // a part of the handshake must not wait for the acknowledgement of the one before (RFC 896)
        if transport == .tls { setOption(TCP_NODELAY, level: Int32(IPPROTO_TCP), of: descriptor) }
        setOption(SO_KEEPALIVE, of: descriptor)
        // by default it is that of the listening socket, which may be far larger
        setOption(SO_RCVBUF, of: descriptor, to: StreamSocket.bufferBytes)
        // another process has no keys to continue TLS
        if transport == .tcp {
            connection.keptName = serviceManager?.keep(connection: descriptor, cookie: cookie)
        }
        begin(connection)
    }

    /// Continues a connection of the previous process.
    private func adopt(_ kept: KeptConnection) {
        let cookie = datagram_cookie(kept.descriptor)
        let consumer = consumer(for: .tcp)
        guard let (connection, unfinished) = memory.resume(kept, cookie, consumer: consumer) else {
            let peer = StreamPeer(transport: .tcp, of: SocketAddress(ofPeer: kept.descriptor))
            consumer.refused(.unknownState, peer, why: "")
            return refuse(kept, cookie)
        }
        if let refusal = giveItsPlace(to: connection) {
            refuse(connection, refusal)
            pools.leave(kept.descriptor)
            return refuse(kept, cookie)
        }
        begin(connection)
        if let unfinished { deliver(connection, count: unfinished, hasMore: true, isEnding: false) }
    }

    private func refuse(_ kept: KeptConnection, _ cookie: UInt64) {
        serviceManager?.drop(kept.name)
        memory.giveBack(cookie)
        shutdown(kept.descriptor, Int32(SHUT_RDWR))
        close(kept.descriptor)
    }

    private func begin(_ connection: StreamConnection) {
        connections[connection.descriptor] = connection
        connection.consumer.connectionsChanged(by: 1)
        // TLS must wait for room to write its handshake
        events.watch(connection.descriptor, room: connection.peer.transport == .tls)
    }

    private func end(_ connection: StreamConnection) {
        if let name = connection.keptName { serviceManager?.drop(name) }
        memory.giveBack(connection.cookie)
        connection.end()
        leave(connection)
    }

    private func leave(_ connection: StreamConnection) {
        connection.hasTurn = false
        events.forget(connection.descriptor)
        connections[connection.descriptor] = nil
        close(connection.descriptor)
        pools.leave(connection.descriptor)
        connection.consumer.connectionsChanged(by: -1)
    }

    private func checkTimeouts() {
        let now = Instant.now
        if now < nextTimeoutCheck || blockedSince != nil { return }
        nextTimeoutCheck = now + .seconds(1)
        checkCertificates(now)
        let limits = supplies.limits()
        for connection in Array(connections.values) where blockedSince == nil {
            if let refusal = connection.overdue(now, limits) {
                refuse(connection, refusal)
                take(connection, isEnding: true)
            }
        }
    }

    /// Ends connections of relays whose certificate is good no longer: it has ended, or is bad by files that were read
    /// again.
    private func checkCertificates(_ now: Instant) {
        guard let tls = supplies.tls() else { return }
        let version = supplies.tlsVersion()
        var checks = version == tlsVersion ? StreamLoop.certificatesAtOnce : .max
        for connection in Array(connections.values) where connection.peer.isCertified {
            guard version != tlsVersion || connection.certificateCheck <= now, checks > 0 else { continue }
            checks -= 1
            guard let session = connection.session, !tls.stillCertifies(session) else {
                connection.scheduleCertificateCheck(now)
                continue
            }
            if blockedSince != nil { return }
            refuse(connection, .certificateWithdrawn, why: connection.peer.relay ?? "")
            take(connection, isEnding: true)
        }
        tlsVersion = version
    }

    // MARK: the end of the process

    private func drain(_ drainTime: Duration) {
        let deadline = Instant.now + drainTime
        while !connections.isEmpty {
            note(events.wait(milliseconds: waiting.isEmpty || blockedSince != nil ? 10 : 0))
            let now = Instant.now
            let hasReadEnough = now > deadline
            if !hasReadEnough { takeTurns() } else if blockedSince != nil { settle() }
            if let blockedSince {
                if hasReadEnough && now - blockedSince > drainTime { return abandon() }
                continue
            }
            let quiet: Duration = hasReadEnough ? .zero : .milliseconds(50)
            for connection in Array(connections.values)
            where blockedSince == nil && (hasReadEnough || !connection.hasTurn)
                && connection.times.isQuiet(now, for: quiet)
            {
                detach(from: connection)
            }
        }
        serviceManager?.retry()
    }

    /// Leaves a kept connection to the next process, and ends any other.
    private func detach(from connection: StreamConnection) {
        if isKept(connection) { leave(connection) } else { take(connection, isEnding: true) }
    }

    private func isKept(_ connection: StreamConnection) -> Bool {
        guard let name = connection.keptName, let serviceManager else { return false }
        return serviceManager.isTold(of: name)
    }

    /// Gives up, because the journal has no room. The next process finds the bytes of kept connections in the memory;
    /// the rest is lost.
    private func abandon() {
        if let inHand, isKept(inHand.connection) { inHand.connection.consumer.withdraw() }
        let lost = connections.values.filter { !isKept($0) }
        for consumer in consumers.values {
            let lost = lost.filter { $0.consumer === consumer }
            if lost.isEmpty { continue }
            consumer.abandon()
            for connection in lost { deliverLost(connection) }
            consumer.concludeAbandoned()
        }
        for connection in Array(connections.values) { leave(connection) }
    }

    /// Delivers the bytes of a connection that this process has read, so that each lost message is counted.
    private func deliverLost(_ connection: StreamConnection) {
        var rest = connection.place.rest
        if let inHand, inHand.connection === connection {
            if inHand.ends { return }
            rest = UnsafeRawBufferPointer(rebasing: memory.room[inHand.rest])
        }
        if connection.peer.transport == .tcp || !connection.isEstablished { return connection.deliverRemainder(rest) }
        // OpenSSL may hold messages beyond those of the last turn; the room may hold those of a kept connection
        var bytes = [UInt8](repeating: 0, count: memory.room.count)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.copyMemory(from: rest)
            let read = connection.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[rest.count...]))
            let all = UnsafeRawBufferPointer(rebasing: bytes[..<(rest.count + read.count)])
            let found = connection.deliver(all)
            connection.deliverRemainder(UnsafeRawBufferPointer(rebasing: all[found.done...]))
        }
    }
}
