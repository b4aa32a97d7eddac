/// Limits of the connections of all stream sockets together.
public struct StreamLimits: Sendable, Equatable {
    /// Maximum number of connections that have shown no certificate. As many more may be in their handshake.
    public var connections: Int
    /// Maximum number of connections with a good certificate.
    public var certifiedConnections: Int
    /// Maximum number of connections from one source: without a certificate, and with one.
    public var connectionsPerSource: Int
    /// Maximum silence of a connection with a certificate.
    public var idleSeconds: Int
    /// Maximum silence of a connection without one, if that is shorter.
    public var uncertifiedIdleSeconds: Int
    /// Maximum time from the beginning of a connection without a certificate to the end of its first message.
    public var firstMessageSeconds: Int
    /// Maximum time from a message's first byte to its last.
    public var messageSeconds: Int
    /// Maximum time from a connection to the end of its TLS handshake.
    public var handshakeSeconds: Int

    public init(
        connections: Int, certifiedConnections: Int, connectionsPerSource: Int, idleSeconds: Int,
        uncertifiedIdleSeconds: Int, firstMessageSeconds: Int, messageSeconds: Int, handshakeSeconds: Int
    ) {
        self.connections = connections
        self.certifiedConnections = certifiedConnections
        self.connectionsPerSource = connectionsPerSource
        self.idleSeconds = idleSeconds
        self.uncertifiedIdleSeconds = uncertifiedIdleSeconds
        self.firstMessageSeconds = firstMessageSeconds
        self.messageSeconds = messageSeconds
        self.handshakeSeconds = handshakeSeconds
    }

    /// The number of descriptors that connections may take.
    public var descriptors: Int { 2 * connections + certifiedConnections }

    /// The same limits where there are fewer descriptors: relays with a certificate get half of them.
    package func fitted(to descriptors: Int) -> StreamLimits {
        if descriptors >= self.descriptors { return self }
        var fitted = self
        fitted.certifiedConnections = min(certifiedConnections, max(1, descriptors / 2))
        fitted.connections = min(connections, max(1, (descriptors - fitted.certifiedConnections) / 2))
        return fitted
    }
}
