/// Receives over TCP and TLS, on a thread for each of the two.
///
/// Unlike datagrams, a stream can be held back: while the consumer has no room nothing is read, the kernel's buffers fill,
/// and senders wait. Memory is bounded by the number of connections and what the kernel holds of each.
public final class StreamServer: Sendable {
    private let admission: StreamAdmission
    private let tcp: TCPReceiver?
    private let tls: TLSReceiver?

    /// - Parameters:
    ///   - kept: what the service manager has kept since the process before this one.
    ///   - tls: needed where a socket's address is `tls`.
    /// - Throws: `ListenError.badCertificate` if it is needed and missing.
    public init(
        _ sockets: [StreamSocket], kept: KeptStreams, limits: StreamLimits, tls: TLSServer?
    ) throws(ListenError) {
        admission = StreamAdmission(limits)
        let plain = sockets.filter { !$0.address.isTLS }
        let secure = sockets.filter { $0.address.isTLS }
        self.tcp =
            plain.isEmpty && kept.connections.isEmpty
            ? nil : TCPReceiver(plain, kept: kept, admission: admission)
        if secure.isEmpty {
            self.tls = nil
        } else {
            guard let tls else { throw .badCertificate("there is none") }
            self.tls = TLSReceiver(secure, admission: admission, tls: tls)
        }
    }

    /// Lets connections in from now on.
    ///
    /// - Parameters:
    ///   - makeConsumer: called on the thread of a transport, where alone its consumer is used.
    ///   - onThread: runs what it is given on a thread of its own; it ends after `stop`.
    ///   - onFailure: told why nothing is received over TCP, if that is so.
    /// - Throws: `ListenError.cannotListen`.
    public func start(
        _ makeConsumer: @escaping @Sendable (StreamPeer.Transport) -> any StreamConsumer,
        onThread: (@escaping @Sendable () -> Void) -> Void, onFailure: @escaping @Sendable (String) -> Void
    ) throws(ListenError) {
        try tls?.start { makeConsumer(.tls) }
        guard let tcp else { return }
        onThread {
            if !tcp.run(makeConsumer(.tcp)) { onFailure("the kernel gives no memory to receive over TCP") }
        }
    }

    /// For connections to come.
    public func reload(limits: StreamLimits, tls: TLSServer?) {
        admission.reload(limits)
        if let tls { self.tls?.reload(tls) }
    }

    /// Lets nobody in any more, and takes what senders have sent. Blocks until TLS has ended; TCP's thread ends by itself.
    public func stop() {
        tcp?.stop()
        tls?.stop()
    }
}
