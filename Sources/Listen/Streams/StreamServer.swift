import CDatagram
import Glibc
import Sockets
import Synchronization

/// Receives over TCP and TLS, on one thread for all connections.
///
/// Unlike datagrams, a stream can be held back: while the consumer has no room nothing is read, the kernel's buffers
/// fill, and senders wait. Memory is bounded by the number of connections and what the kernel holds of each.
///
/// Over TCP, bytes that the journal does not have yet lie in the kernel or in memory that outlives the process. So a
/// killed process loses none of them, if the service manager keeps its connections and that memory
/// (`ServiceManagerDescriptors`, `StreamMemory`). Over TLS the keys are the process's, and a connection ends with it.
public final class StreamServer: Sendable {
    private let sockets: [StreamSocket]
    private let kept: KeptStreams
    private let limits: Mutex<StreamLimits>
    /// For future connections. Open ones keep theirs, unless the new one finds a relay's certificate bad.
    private let tls: Mutex<TLSServer?>
    /// The number of times that `tls` was set.
    private let tlsVersion = Atomic<Int>(0)
    private let stopDescriptor: Int32

    /// - Parameters:
    ///   - kept: the descriptors that the service manager has kept for this process.
    ///   - tls: needed if a socket's address is `tls`.
    /// - Throws: `ListenError.badCertificate` if it is needed and missing.
    public init(
        _ sockets: [StreamSocket], kept: KeptStreams, limits: StreamLimits, tls: TLSServer?
    ) throws(ListenError) {
        if tls == nil && sockets.contains(where: { $0.address.isTLS }) { throw .badCertificate("there is none") }
        self.sockets = sockets
        self.kept = kept
        self.limits = Mutex(limits)
        self.tls = Mutex(tls)
        stopDescriptor = datagram_wake_descriptor()
    }

    deinit { close(stopDescriptor) }

    /// Accepts connections from now on.
    ///
    /// - Parameters:
    ///   - makeConsumer: called on the receiver's thread, where alone the consumers are used.
    ///   - onThread: runs its argument on a thread of its own, which ends after `stop`.
    ///   - onFailure: gets the reason if the thread cannot receive.
    /// - Throws: `ListenError.cannotListen`.
    public func start(
        _ makeConsumer: @escaping @Sendable (StreamPeer.Transport) -> any StreamConsumer,
        onThread: (@escaping @Sendable () -> Void) -> Void, onFailure: @escaping @Sendable (String) -> Void
    ) throws(ListenError) {
        guard stopDescriptor >= 0 else { throw .cannotListen("streams: the kernel gives no descriptor") }
        onThread { [self] in
            if !run(makeConsumer) { onFailure("the kernel gives no memory to receive streams") }
        }
    }

    /// Sets limits and certificates for future connections. Ends those of relays whose certificate has ended or was
    /// withdrawn, or whose names are permitted no longer.
    public func reload(limits: StreamLimits, tls: TLSServer?) {
        self.limits.withLock { $0 = limits }
        guard let tls else { return }
        self.tls.withLock { $0 = tls }
        tlsVersion.add(1, ordering: .releasing)
    }

    /// Makes the thread end: it accepts no more connections, and takes the bytes that senders have sent.
    public func stop() {
        var one: UInt64 = 1
        _ = write(stopDescriptor, &one, 8)
    }

    /// - Returns: false if the kernel gives no memory or no event queue, and nothing is received.
    private func run(_ makeConsumer: @escaping (StreamPeer.Transport) -> any StreamConsumer) -> Bool {
        // the kernel's buffer of a connection that is not kept ends with this process, so it is read at once
        datagram_take_short_turns()
        let supplies = StreamLoop.Supplies(
            sockets: sockets, limits: { self.limits.withLock { $0 } },
            tls: { self.tls.withLock { $0 } }, tlsVersion: { self.tlsVersion.load(ordering: .acquiring) },
            makeConsumer: makeConsumer)
        guard let loop = StreamLoop(supplies, kept: kept, stopDescriptor: stopDescriptor) else { return false }
        loop.run(drainTime: .seconds(5))
        return true
    }
}
