import CDatagram
import Glibc
import Sockets

/// Receives datagrams from one socket on a thread of its own, in batches, into buffers that live as long as it does.
///
/// It waits only for the kernel, so `handle` must not block. After `stop` it takes the datagrams that the kernel still
/// holds, and ends.
public final class DatagramReceiver: Sendable {
    public let socket: DatagramSocket
    private let stopDescriptor: Int32

    /// - Parameters:
    ///   - handle: called with every batch; and with an empty one after a second without datagrams, and at the end.
    public init(_ socket: DatagramSocket) {
        self.socket = socket
        stopDescriptor = datagram_wake_descriptor()
    }

    deinit { close(stopDescriptor) }

    /// Receives until `stop`; the calling thread is the receiver's own.
    public func run(_ handle: (DatagramBatch) -> Void) {
        guard let buffers = datagram_batch_create(DatagramReceiver.batchSize, DatagramReceiver.bytesEach) else {
            return
        }
        defer { datagram_batch_free(buffers) }
        // the kernel's buffer fills while other threads run
        datagram_take_short_turns()
        var polls = [
            pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopDescriptor, events: Int16(POLLIN), revents: 0),
        ]
        var stopping = false
        // a sender that goes on sending must not keep a stopping daemon alive
        var drainingBatches = 0
        let gathers = socket.canGather
        while true {
            let received = datagram_receive(buffers, socket.descriptor)
            if received > 0 {
                handle(DatagramBatch(buffers: buffers, count: Int(received)))
                if stopping { drainingBatches += 1 }
                if drainingBatches > DatagramReceiver.maximumDrainingBatches { break }
                if gathers && received < DatagramReceiver.batchSize && !stopping {
                    usleep(DatagramReceiver.gatheringMicroseconds)
                }
                continue
            }
            if stopping { break }
            let ready = poll(&polls, 2, 1_000)
            if ready == 0 { handle(DatagramBatch(buffers: buffers, count: 0)) }
            stopping = polls[1].revents != 0
        }
        handle(DatagramBatch(buffers: buffers, count: 0))
    }

    /// Makes `run` end once the socket's buffer is empty.
    public func stop() {
        var one: UInt64 = 1
        _ = write(stopDescriptor, &one, 8)
    }

    /// The number of datagrams that one system call takes.
    private static let batchSize: UInt32 = 64
    /// Larger than any accepted message, so that a message that is too long is recognised.
    private static let bytesEach = 16_384
    private static let maximumDrainingBatches = 20_000
    /// The time for which datagrams gather in the kernel after a batch that was not full. A wake-up, a journal frame
    /// and a write for each datagram would cost more than the datagram.
    private static let gatheringMicroseconds: UInt32 = 500
}

/// The datagrams of one system call; valid only during the call of `handle`.
public struct DatagramBatch {
    fileprivate let buffers: OpaquePointer
    public let count: Int

    public subscript(index: Int) -> Datagram {
        let datagram = datagram_at(buffers, UInt32(index))
        return Datagram(
            bytes: UnsafeRawBufferPointer(start: datagram.bytes, count: datagram.count),
            isTruncated: datagram.truncated != 0,
            credentials: datagram.has_credentials != 0 ? (datagram.uid, datagram.pid) : nil,
            sender: UnsafeRawBufferPointer(start: datagram.sender, count: Int(datagram.sender_count)))
    }
}

public struct Datagram {
    public let bytes: UnsafeRawBufferPointer
    /// True if the datagram was longer than `bytes`.
    public let isTruncated: Bool
    /// The sender's user and process, as the kernel reports them (`unix(7)`, SCM_CREDENTIALS).
    public let credentials: (uid: UInt32, pid: UInt32)?
    /// The sender's socket address.
    public let sender: UnsafeRawBufferPointer
}
