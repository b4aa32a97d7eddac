import Glibc

/// The sockets and the readiness of a service manager's protocol (`sd_listen_fds(3)`, `sd_notify(3)`).
public enum ServiceManager {
    /// Takes over the datagram sockets that the service manager passed, and withdraws the offer from child processes.
    ///
    /// - Returns: the sockets, and the number of descriptors passed that are no datagram sockets.
    public static func inheritedSockets() -> (sockets: [DatagramSocket], refused: Int) {
        guard let pid = environment("LISTEN_PID").flatMap({ Int32($0) }), pid == getpid(),
            let count = environment("LISTEN_FDS").flatMap({ Int32($0) }), count > 0, count < 1_024
        else { return ([], 0) }
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
        let sockets = (3..<3 + count).compactMap { DatagramSocket(inherited: $0) }
        return (sockets, Int(count) - sockets.count)
    }

    /// Tells the service manager a state such as `READY=1`; nothing where there is none.
    public static func notify(_ state: String) {
        guard let path = environment("NOTIFY_SOCKET"), path.utf8.count < 108, let first = path.utf8.first,
            first == UInt8(ascii: "/") || first == UInt8(ascii: "@")
        else { return }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { target in
            target.copyBytes(from: path.utf8)
            // an abstract name begins with NUL and is written with @
            if first == UInt8(ascii: "@") { target[0] = 0 }
        }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(state.utf8)
        withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, size)
            }
        }
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
