/// Limits of the connections of all stream sockets together.
public struct StreamLimits: Sendable, Equatable {
    public var connections: Int
    public var connectionsPerAddress: Int
    /// Maximum silence of a connection.
    public var idleSeconds: Int
    /// Maximum time from a message's first byte to its last.
    public var messageSeconds: Int
    /// Maximum time from a connection to the end of its TLS handshake.
    public var handshakeSeconds: Int

    public init(
        connections: Int, connectionsPerAddress: Int, idleSeconds: Int, messageSeconds: Int, handshakeSeconds: Int
    ) {
        self.connections = connections
        self.connectionsPerAddress = connectionsPerAddress
        self.idleSeconds = idleSeconds
        self.messageSeconds = messageSeconds
        self.handshakeSeconds = handshakeSeconds
    }
}
