import DaemonMetrics
import Journal
import Listen
import Record
import SystemClock

/// Takes batches of datagrams in. What the journal has no room for is refused: a datagram's sender would not wait.
public struct DatagramIntake {
    private var intake: Intake
    private let socket: DatagramSocket
    private let rejectLog: RejectLog
    private let memory: KernelDropMemory
    private var kernelDropsSeen: UInt32
    /// Of `kernelDropsSeen`, what the journal has.
    private var kernelDropsJournalled: UInt32

    public init(
        journal: Journal, socket: DatagramSocket, memory: KernelDropMemory, metrics: IngestMetrics,
        rejectLog: RejectLog, gists: GistDemand
    ) {
        intake = Intake(
            journal: journal, transport: socket.address.transport, metrics: metrics, gists: gists)
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

    /// Nothing comes any more: what was counted while the journal had no room must not be forgotten.
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
        let credentials = datagram.credentials
        return intake.take(
            datagram.bytes, now: now, identity: credentials == nil ? .claimed : .kernel, credentials: credentials)
    }

    /// The kernel counts drops for each socket; they are no messages received.
    private mutating func countKernelDrops() {
        // the kernel's count has 32 bits
        let drops = UInt32(truncatingIfNeeded: socket.kernelDrops)
        intake.note(UInt64(drops &- kernelDropsSeen), IngestCounters.kernelDropped)
        kernelDropsSeen = drops
    }
}
