import CDatagram
import Glibc

/// The socket on which a service manager listens to its services (`sd_notify(3)`).
final class NotifySocket {
    private let descriptor: Int32
    private var address = sockaddr_un()
    private let addressBytes: socklen_t

    /// Nil without a service manager.
    init?() {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), path.utf8.count < 108,
            let first = path.utf8.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@")
        else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            target.copyBytes(from: path.utf8)
            // an abstract name begins with NUL, which the variable writes as @
            if first == UInt8(ascii: "@") { target[0] = 0 }
        }
        addressBytes = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// Sends assignments such as `READY=1`, with a descriptor if one is given.
    ///
    /// - Parameter waits: whether to wait while the service manager has no room.
    /// - Returns: false if it has no room; true if it has taken them, or never will.
    @discardableResult
    func send(_ state: String, with passed: Int32 = -1, waits: Bool = true) -> Bool {
        var address = address
        let sent = withUnsafePointer(to: &address) { pointer in
            var state = state
            return state.withUTF8 { text in
                datagram_send_with_descriptor(
                    descriptor, pointer, addressBytes, text.baseAddress, text.count, passed, waits ? 1 : 0)
            }
        }
        return sent == 0 || errno != EAGAIN
    }
}
