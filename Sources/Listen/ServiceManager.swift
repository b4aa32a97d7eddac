import Glibc
import Sockets

/// The sockets and the readiness of a service manager's protocol (`sd_listen_fds(3)`, `sd_notify(3)`).
public enum ServiceManager {
    /// The sockets and connections that the service manager passed.
    public struct Inheritance: Sendable {
        public var datagrams: [DatagramSocket] = []
        public var streams: [StreamSocket] = []
        /// Connections that a previous process gave it to keep.
        public var kept = KeptStreams()
        /// Descriptors that are neither UDP, unix datagram nor TCP sockets.
        public var refused = 0

        public var isEmpty: Bool { datagrams.isEmpty && streams.isEmpty }
    }

    /// Takes the sockets that the service manager passed, and removes the offer from the environment of child
    /// processes.
    ///
    /// - Parameter secure: addresses for TLS, in addition to the sockets that are named `tls` (`FileDescriptorName=`).
    public static func inheritedSockets(secure: [ListenAddress] = []) -> Inheritance {
        guard let pid = environment("LISTEN_PID").flatMap({ Int32($0) }), pid == getpid(),
            let count = environment("LISTEN_FDS").flatMap({ Int32($0) }), count > 0, count < 1 << 20
        else { return Inheritance() }
        let names = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
        var inherited = Inheritance()
        for index in 0..<Int(count) {
            let descriptor = Int32(3 + index)
            let name = index < names.count ? String(names[index]) : ""
            if inherited.kept.take(inherited: descriptor, name: name) { continue }
            if let socket = DatagramSocket(inherited: descriptor) {
                inherited.datagrams.append(socket)
            } else if let socket = StreamSocket(
                inherited: descriptor, isTLS: { name == "tls" || secure.contains($0) })
            {
                inherited.streams.append(socket)
            } else {
                inherited.refused += 1
            }
        }
        return inherited
    }

    /// Tells the service manager a state such as `READY=1`; does nothing without one.
    public static func notify(_ state: String) { _ = NotifySocket()?.send(state) }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
