import CStream
import Glibc

/// The sockets at which connections over TCP come in. One thread uses it.
struct TCPListeners {
    private let sockets: [StreamSocket]
    /// How long until it is worth trying again, if nothing is told before; nil if nobody waits to be let in.
    private(set) var pauseMilliseconds: Int32? = 0

    init(_ sockets: [StreamSocket], events: EventQueue) {
        self.sockets = sockets
        for socket in sockets {
            _ = fcntl(socket.descriptor, F_SETFL, fcntl(socket.descriptor, F_GETFL) | O_NONBLOCK)
            events.watch(socket.descriptor)
        }
    }

    /// Somebody waits to be let in.
    mutating func noteEvent() { pauseMilliseconds = 0 }

    /// Gives each new connection to `handle`, but no more than some of them in one round.
    mutating func accept(_ handle: (Int32) -> Void) {
        if pauseMilliseconds == nil { return }
        pauseMilliseconds = nil
        for socket in sockets {
            for _ in 0..<TCPListeners.roundConnections {
                let descriptor = stream_accept(socket.descriptor)
                if descriptor < 0 && errno == EAGAIN { break }
                pauseMilliseconds = 0
                if descriptor >= 0 {
                    handle(descriptor)
                } else if errno != EINTR && errno != ECONNABORTED {
                    // no descriptors, or no memory: there may be some again
                    pauseMilliseconds = 100
                    break
                }
            }
        }
    }

    func close(_ events: EventQueue) {
        for socket in sockets {
            events.forget(socket.descriptor)
            _ = Glibc.close(socket.descriptor)
        }
    }

    private static let roundConnections = 64
}
