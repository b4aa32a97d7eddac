import Glibc

/// The sockets and the readiness of a service manager's protocol (`sd_listen_fds(3)`, `sd_notify(3)`).
public enum ServiceManager {
    /// What the service manager passed.
    public struct Inheritance: Sendable {
        public var datagrams: [DatagramSocket] = []
        public var streams: [StreamSocket] = []
        /// Descriptors that are neither UDP, unix datagram nor TCP sockets.
        public var refused = 0

        public var isEmpty: Bool { datagrams.isEmpty && streams.isEmpty }
    }

    /// Takes over the sockets that the service manager passed, and withdraws the offer from child processes.
    ///
    /// - Parameter secure: addresses where TLS is spoken, beside the sockets that are named `tls` (`FileDescriptorName=`).
    public static func inheritedSockets(secure: [ListenAddress] = []) -> Inheritance {
        guard let pid = environment("LISTEN_PID").flatMap({ Int32($0) }), pid == getpid(),
            let count = environment("LISTEN_FDS").flatMap({ Int32($0) }), count > 0, count < 1_024
        else { return Inheritance() }
        let names = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
        var inherited = Inheritance()
        for index in 0..<Int(count) {
            let descriptor = Int32(3 + index)
            let isNamed = index < names.count && names[index] == "tls"
            if let socket = DatagramSocket(inherited: descriptor) {
                inherited.datagrams.append(socket)
            } else if let socket = StreamSocket(
                inherited: descriptor, isTLS: { isNamed || secure.contains($0) })
            {
                inherited.streams.append(socket)
            } else {
                inherited.refused += 1
            }
        }
        return inherited
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
