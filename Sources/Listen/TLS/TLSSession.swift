import CTLS

/// TLS on one connection: handshake and decryption. One thread uses it.
final class TLSSession {
    /// The result of a handshake or a read.
    enum Step: Equatable {
        /// The handshake is complete.
        case done
        /// There may be more to read now.
        case hasMore
        /// Nothing more happens until bytes arrive, or until there is room for an answer.
        case waits
        /// The other end has told that it sends no more.
        case ended
        case failed(String)
    }

    private let connection: OpaquePointer

    /// - Parameter connection: the session owns it and frees it.
    init(_ connection: OpaquePointer) { self.connection = connection }

    deinit { tls_free(connection) }

    /// Whether the client has shown a certificate that was found good.
    var isCertified: Bool { tls_is_certified(connection) != 0 }

    /// Whether a server would find the client's certificate good now.
    func isCertified(by server: OpaquePointer) -> Bool { tls_is_certified_by(connection, server) != 0 }

    /// The seconds until the client's certificate ends; 0 without one.
    var certificateSeconds: Int64 { tls_peer_seconds(connection) }

    /// The names in the client's certificate: the common name, then the DNS names. A client without a certificate has
    /// none.
    var peerNames: [String] {
        var names: [String] = []
        if let common = tlsName({ tls_peer_common_name(connection, $0) }) { names.append(common) }
        var index: Int32 = 0
        while index < TLSSession.maximumNames, let name = tlsName({ tls_peer_dns_name(connection, index, $0) }) {
            names.append(name)
            index += 1
        }
        return names
    }

    /// A certificate may have any number of DNS names.
    private static let maximumNames: Int32 = 100

    /// Continues the handshake, without waiting.
    func shakeHands() -> Step {
        let (outcome, reason) = tlsReason { tls_handshake(connection, $0) }
        return Step(outcome, reason)
    }

    /// Decrypts the bytes that have arrived, as many as fit, without waiting.
    ///
    /// - Returns: the number of bytes in `buffer`, whatever the step.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, step: Step) {
        var count = 0
        let (outcome, reason) = tlsReason { tls_read(connection, buffer.baseAddress, buffer.count, &count, $0) }
        return (count, Step(outcome, reason))
    }

    /// Tells the other end that this side sends no more.
    func sayGoodbye() { tls_say_goodbye(connection) }
}

extension TLSSession.Step {
    fileprivate init(_ outcome: tls_outcome, _ reason: String) {
        self =
            switch outcome {
            case TLS_DONE: .done
            case TLS_MORE: .hasMore
            case TLS_WAITS: .waits
            case TLS_ENDED: .ended
            default: .failed(reason)
            }
    }
}

/// Calls a function of CTLS that writes a name; nil if there is none.
private func tlsName(_ copy: (UnsafeMutablePointer<CChar>) -> Int32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(TLS_NAME_BYTES)) { room in
        guard let start = room.baseAddress, copy(start) != 0 else { return nil }
        return String(cString: start)
    }
}
