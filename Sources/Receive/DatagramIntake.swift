import DaemonMetrics
import Journal
import Listen
import Record
import Sockets
import SystemClock

/// Accepts batches of datagrams. A datagram that does not fit into the journal is refused, because its sender cannot
/// wait.
public struct DatagramIntake {
    private var intake: Intake
    private let socket: DatagramSocket
    private let rejectLog: RejectLog
    private let memory: KernelDropMemory
    private var kernelDropsSeen: UInt32
    /// The part of `kernelDropsSeen` that the journal has.
    private var kernelDropsJournalled: UInt32

    /// - Parameter maximumAge: of a record, microseconds; nil for no limit.
    public init(
        journal: Journal, socket: DatagramSocket, memory: KernelDropMemory, metrics: IngestMetrics,
        rejectLog: RejectLog, digests: DigestDemand, maximumAge: Int64? = nil
    ) {
        intake = Intake(
            journal: journal, transport: socket.address.transport, metrics: metrics, digests: digests,
            maximumAge: maximumAge)
        self.socket = socket
        self.rejectLog = rejectLog
        self.memory = memory
        kernelDropsSeen = memory.counted(of: socket.cookie)
        kernelDropsJournalled = kernelDropsSeen
    }

    public mutating func take(_ batch: DatagramBatch) {
        let now = wallClock()
        for index in 0..<batch.count {
            let datagram = batch[index]
            if let reason = take(datagram, now: now) {
                intake.reject(reason)
                rejectLog.note(
                    reason, datagram.bytes,
                    sender: SocketAddress(bytes: datagram.sender)?.description ?? "unknown sender", now: now)
            }
        }
        countKernelDrops()
        do throws(JournalError) { try intake.append() } catch {
            rejectLog.note(journal: error)
            return intake.refuse(error.isFull ? .journalFull : .journalError)
        }
        rememberKernelDrops()
    }

    /// Appends the counts that wait because the journal was full. Called after the last datagram.
    public mutating func finish() {
        do throws(JournalError) { try intake.append(isLast: true) } catch {
            return rejectLog.note(uncounted: intake.waitingMessages, error)
        }
        rememberKernelDrops()
    }

    private mutating func rememberKernelDrops() {
        if kernelDropsJournalled != kernelDropsSeen {
            kernelDropsJournalled = kernelDropsSeen
            memory.note(kernelDropsSeen, of: socket.cookie)
        }
    }

    private mutating func take(_ datagram: Datagram, now: Int64) -> RejectReason? {
        if datagram.isTruncated { return .tooLong }
        if let credentials = datagram.credentials {
            return intake.take(datagram.bytes, now: now, identity: .kernel, credentials: credentials)
        }
        return intake.take(
            datagram.bytes, now: now, identity: .claimed, source: NetworkSource(address: datagram.sender).number)
    }

    /// Counts the kernel's drops on the socket. They do not count as received messages.
    private mutating func countKernelDrops() {
        // the kernel's counter has 32 bits
        let drops = UInt32(truncatingIfNeeded: socket.kernelDrops)
        intake.note(UInt64(drops &- kernelDropsSeen), IngestCounters.kernelDropped)
        kernelDropsSeen = drops
    }
}
