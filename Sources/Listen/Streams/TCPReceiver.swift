import CDatagram
import Glibc
import NIOCore

/// Receives over TCP, on one thread for all connections.
///
/// What the journal does not have yet lies in the kernel or in memory that is no process's own. So a process that is killed
/// takes nothing with it, if somebody else keeps its connections and that memory: `ServiceManagerDescriptors`, `StreamMemory`.
final class TCPReceiver: Sendable {
    private let sockets: [StreamSocket]
    private let kept: KeptStreams
    private let admission: StreamAdmission
    private let stopDescriptor: Int32

    init(_ sockets: [StreamSocket], kept: KeptStreams, admission: StreamAdmission) {
        self.sockets = sockets
        self.kept = kept
        self.admission = admission
        stopDescriptor = datagram_wake_descriptor()
    }

    deinit { close(stopDescriptor) }

    /// Receives until `stop`; the calling thread is the receiver's own.
    ///
    /// - Returns: false if the kernel gives no memory or no event queue, and nothing is received.
    func run(_ consumer: any StreamConsumer) -> Bool {
        // who has no service manager loses what the kernel holds when this process ends: it is to be read at once
        datagram_take_short_turns()
        guard
            let loop = TCPLoop(
                sockets: sockets, kept: kept, stopDescriptor: stopDescriptor, admission: admission, consumer: consumer)
        else { return false }
        loop.run(patience: .seconds(5))
        return true
    }

    /// Lets nobody in any more, takes what senders have sent, and makes `run` end.
    func stop() {
        var one: UInt64 = 1
        _ = write(stopDescriptor, &one, 8)
    }
}
