import Glibc
import Sockets

/// Connections and memory that the service manager has kept since the previous process.
public struct KeptStreams: Sendable {
    public var connections: [KeptConnection] = []
    /// A descriptor of the memory with bytes that have been read of the connections.
    public var memory: Int32?

    public init() {}

    /// Takes a descriptor that the service manager passed.
    ///
    /// - Returns: false if it is not one that was kept.
    mutating func take(inherited descriptor: Int32, name: String) -> Bool {
        if name == ServiceManagerDescriptors.memoryName {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            memory = descriptor
            return true
        }
        guard let connection = KeptConnection(inherited: descriptor, name: name) else { return false }
        connections.append(connection)
        return true
    }
}

/// A connection that the service manager has kept since a previous process gave it one.
public struct KeptConnection: Sendable, Equatable {
    public let descriptor: Int32
    /// The name by which the service manager knows it.
    public let name: String

    /// Takes a descriptor that the service manager passed; nil if it is not a TCP connection.
    public init?(inherited descriptor: Int32, name: String) {
        guard KeptConnection.option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue),
            KeptConnection.option(SO_ACCEPTCONN, of: descriptor) == 0,
            // a connection that its sender broke has no peer any more, but may hold bytes that were sent before
            name.hasPrefix(ServiceManagerDescriptors.prefix) || SocketAddress(ofPeer: descriptor) != nil
        else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.descriptor = descriptor
        self.name = name
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
    }
}
