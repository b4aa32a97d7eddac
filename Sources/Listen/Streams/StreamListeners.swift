import CStream
import Glibc
import Sockets

/// The listening sockets. One thread uses it.
struct StreamListeners {
    private let sockets: [StreamSocket]
    /// Time until the next try if no event comes before; nil if no connection waits.
    private(set) var pauseMilliseconds: Int32? = 0

    init(_ sockets: [StreamSocket], events: EventQueue) {
        self.sockets = sockets
        for socket in sockets {
            _ = fcntl(socket.descriptor, F_SETFL, fcntl(socket.descriptor, F_GETFL) | O_NONBLOCK)
            events.watch(socket.descriptor)
        }
    }

    /// Notes that a connection waits.
    mutating func noteEvent() { pauseMilliseconds = 0 }

    /// Gives each new connection to `handle`, up to `roundConnections` of each socket.
    mutating func accept(_ handle: (Int32, StreamPeer.Transport) -> Void) {
        if pauseMilliseconds == nil { return }
        pauseMilliseconds = nil
        for socket in sockets {
            for _ in 0..<StreamListeners.roundConnections {
                let descriptor = stream_accept(socket.descriptor)
                if descriptor < 0 && errno == EAGAIN { break }
                pauseMilliseconds = 0
                if descriptor >= 0 {
                    handle(descriptor, socket.address.isTLS ? .tls : .tcp)
                } else if errno != EINTR && errno != ECONNABORTED {
                    // no descriptors, or no memory: there may be some again
                    pauseMilliseconds = 100
                    break
                }
            }
        }
    }

    /// Closes the sockets: no connection is accepted any more.
    func close(_ events: EventQueue) {
        for socket in sockets {
            events.forget(socket.descriptor)
            _ = Glibc.close(socket.descriptor)
        }
    }

    private static let roundConnections = 64
}
