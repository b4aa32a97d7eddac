import CDatagram
import Glibc

/// Takes datagrams from one socket on a thread of its own, in batches, into buffers that live as long as it does.
///
/// It never waits for anybody but the kernel: what `handle` does must not block. On `stop` it takes what the kernel still
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
        // the kernel's buffer fills while others have their turn
        datagram_take_short_turns()
        var polls = [
            pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopDescriptor, events: Int16(POLLIN), revents: 0),
        ]
        var stopping = false
        // whoever goes on sending cannot keep a stopping daemon alive
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

    /// Datagrams taken by one call to the kernel.
    private static let batchSize: UInt32 = 64
    /// Larger than any message that is accepted, so that one too long is seen to be.
    private static let bytesEach = 16_384
    private static let maximumDrainingBatches = 20_000
    /// How long what follows a batch that was not full may gather in the kernel: a wake-up, a frame of the journal and a
    /// write for each datagram would cost more than the datagram.
    private static let gatheringMicroseconds: UInt32 = 500
}

/// Datagrams that one call received; valid during the call that hands it over.
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
    /// The sender's user and process, by the kernel's word (`unix(7)`, SCM_CREDENTIALS).
    public let credentials: (uid: UInt32, pid: UInt32)?
    /// The sender's socket address.
    public let sender: UnsafeRawBufferPointer
}
