import CDatagram
import Glibc
import NIOCore

/// What the connections over TCP share, and the order in which they get their turns. One thread uses it.
final class TCPLoop {
    /// What one turn has shown the consumer, until the journal has it.
    private struct InHand {
        let connection: TCPConnection
        /// What is not done with of what was read.
        let rest: Range<Int>
        let ends: Bool
    }

    private var listeners: TCPListeners
    private let stopDescriptor: Int32
    private let admission: StreamAdmission
    private let consumer: any StreamConsumer
    private let events: EventQueue
    private let memory: StreamMemory
    private let serviceManager = ServiceManagerDescriptors()

    private var connections: [Int32: TCPConnection] = [:]
    private var waiting: [TCPConnection] = []
    private var ready: [TCPConnection] = []
    private var inHand: InHand?
    private var blockedSince: NIODeadline?
    private var isStopping = false
    private var nextTimeoutCheck = NIODeadline.now() + .seconds(1)

    /// Nil if the kernel gives no event queue or no memory.
    init?(
        sockets: [StreamSocket], kept: KeptStreams, stopDescriptor: Int32, admission: StreamAdmission,
        consumer: any StreamConsumer
    ) {
        guard let events = EventQueue(),
            let memory = StreamMemory(
                // a reload may let more in
                places: 2 * admission.limits.connections + kept.connections.count, inherited: kept.memory,
                kept: Set(kept.connections.map { datagram_cookie($0.descriptor) }))
        else { return nil }
        self.events = events
        self.memory = memory
        listeners = TCPListeners(sockets, events: events)
        self.stopDescriptor = stopDescriptor
        self.admission = admission
        self.consumer = consumer
        events.watch(stopDescriptor)
        if memory.isNew { serviceManager?.keep(memory: memory.descriptor) }
        for connection in kept.connections { adopt(connection) }
    }

    /// Receives until the stop descriptor is written to, and then for at most `patience` more what senders send.
    ///
    /// - Parameter patience: also how long it waits then for a journal in which there is no room.
    func run(patience: TimeAmount) {
        while !isStopping {
            note(events.wait(milliseconds: pause))
            takeTurns()
            // behind the turns: else a new connection could get the number of one that this round has events of
            listeners.accept { accept($0) }
            checkTimeouts()
        }
        listeners.close(events)
        drain(patience)
    }

    /// How long there is nothing to do if nothing comes.
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

    private func queue(_ connection: TCPConnection) {
        if connection.hasTurn { return }
        connection.hasTurn = true
        waiting.append(connection)
    }

    /// One turn for each that waits for one.
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

    private func take(_ connection: TCPConnection, isEnding: Bool = false) {
        let held = memory.beginTurn(connection.cookie, connection.place)
        let free = UnsafeMutableRawBufferPointer(rebasing: memory.room[held...])
        let read = connection.read(into: free)
        deliver(
            connection, count: held + (read ?? 0), hasMore: read == free.count, isEnding: isEnding || read == nil)
    }

    /// - Parameters:
    ///   - count: how much the room for turns holds of it.
    ///   - hasMore: whether there may be more to read.
    private func deliver(_ connection: TCPConnection, count: Int, hasMore: Bool, isEnding: Bool) {
        let bytes = UnsafeRawBufferPointer(rebasing: memory.room[..<count])
        let found = connection.deliver(bytes, to: consumer)
        var ends = isEnding || (connection.isLast && !hasMore)
        if found.isBroken {
            consumer.refused(.badFrame, connection.peer, why: "")
            ends = true
        } else if ends {
            connection.deliverRemainder(UnsafeRawBufferPointer(rebasing: bytes[found.done...]), to: consumer)
        } else if hasMore {
            queue(connection)
        }
        inHand = InHand(connection: connection, rest: found.done..<count, ends: ends)
        settle()
    }

    /// Once the journal has what is in hand, the memory need not have it any more.
    private func settle() {
        guard consumer.flush() else {
            if blockedSince == nil { blockedSince = .now() }
            return
        }
        blockedSince = nil
        guard let inHand else { return }
        self.inHand = nil
        let connection = inHand.connection
        if inHand.ends { return end(connection) }
        memory.endTurn(
            connection.place, rest: inHand.rest, position: connection.position, passedOver: connection.passedOver)
    }

    // MARK: beginning and end of a connection

    private func accept(_ descriptor: Int32) {
        let address = SocketAddress(ofPeer: descriptor)
        let cookie = datagram_cookie(descriptor)
        var refusal = admission.admit(address.hostText)
        let place = refusal == nil ? memory.makePlace(cookie) : nil
        if refusal == nil && place == nil {
            admission.leave(address.hostText)
            refusal = .tooMany
        }
        guard let place else {
            consumer.refused(
                refusal ?? .tooMany, StreamPeer(transport: .tcp, address: address.text), why: "")
            close(descriptor)
            return
        }
        setOption(SO_KEEPALIVE, of: descriptor)
        // it has that of the socket that listens, which may be far larger
        setOption(SO_RCVBUF, of: descriptor, to: StreamSocket.bufferBytes)
        let connection = TCPConnection(descriptor, address, cookie: cookie, place: place)
        connection.keptName = serviceManager?.keep(connection: descriptor, cookie: cookie)
        begin(connection)
    }

    /// Goes on with a connection of the process before this one.
    private func adopt(_ kept: KeptConnection) {
        let address = SocketAddress(ofPeer: kept.descriptor)
        let cookie = datagram_cookie(kept.descriptor)
        guard let (connection, unfinished) = memory.resume(kept, cookie) else {
            consumer.refused(.unknownState, StreamPeer(transport: .tcp, address: address.text), why: "")
            return refuse(kept, cookie)
        }
        if let refusal = admission.admit(connection.host) {
            consumer.refused(refusal, connection.peer, why: "")
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

    private func begin(_ connection: TCPConnection) {
        connections[connection.descriptor] = connection
        consumer.connectionsChanged(by: 1)
        events.watch(connection.descriptor)
    }

    private func end(_ connection: TCPConnection) {
        if let name = connection.keptName { serviceManager?.drop(name) }
        memory.giveBack(connection.cookie)
        // the other end is to know it, whoever else still has the descriptor
        shutdown(connection.descriptor, Int32(SHUT_RDWR))
        leave(connection)
    }

    private func leave(_ connection: TCPConnection) {
        connection.hasTurn = false
        events.forget(connection.descriptor)
        connections[connection.descriptor] = nil
        close(connection.descriptor)
        admission.leave(connection.host)
        consumer.connectionsChanged(by: -1)
    }

    private func checkTimeouts() {
        let now = NIODeadline.now()
        if now < nextTimeoutCheck || blockedSince != nil { return }
        nextTimeoutCheck = now + .seconds(1)
        let limits = admission.limits
        for connection in Array(connections.values) where blockedSince == nil {
            if let refusal = connection.times.overdue(now, limits) {
                consumer.refused(refusal, connection.peer, why: "")
                take(connection, isEnding: true)
            }
        }
    }

    // MARK: the end of the process

    private func drain(_ patience: TimeAmount) {
        let deadline = NIODeadline.now() + patience
        while !connections.isEmpty {
            note(events.wait(milliseconds: waiting.isEmpty || blockedSince != nil ? 10 : 0))
            let now = NIODeadline.now()
            let hasReadEnough = now > deadline
            if !hasReadEnough { takeTurns() } else if blockedSince != nil { settle() }
            if let blockedSince {
                if hasReadEnough && now - blockedSince > patience { return abandon() }
                continue
            }
            let quiet: TimeAmount = hasReadEnough ? .zero : .milliseconds(50)
            for connection in Array(connections.values)
            where blockedSince == nil && (hasReadEnough || !connection.hasTurn)
                && connection.times.isQuiet(now, for: quiet)
            {
                detach(from: connection)
            }
        }
        serviceManager?.retry()
    }

    /// Whoever keeps the connection goes on with it; if nobody does, it ends.
    private func detach(from connection: TCPConnection) {
        if isKept(connection) { leave(connection) } else { take(connection, isEnding: true) }
    }

    private func isKept(_ connection: TCPConnection) -> Bool {
        guard let name = connection.keptName, let serviceManager else { return false }
        return serviceManager.isTold(of: name)
    }

    /// The journal has no room. What is kept the next process finds in the memory; the rest is lost.
    private func abandon() {
        if let inHand, isKept(inHand.connection) { consumer.withdraw() }
        let lost = connections.values.filter { !isKept($0) }
        if !lost.isEmpty {
            consumer.abandon()
            for connection in lost {
                if let inHand, inHand.connection === connection {
                    if inHand.ends { continue }
                    connection.deliverRemainder(
                        UnsafeRawBufferPointer(rebasing: memory.room[inHand.rest]), to: consumer)
                } else {
                    connection.deliverRemainder(connection.place.rest, to: consumer)
                }
            }
            consumer.concludeAbandoned()
        }
        for connection in Array(connections.values) { leave(connection) }
    }
}
