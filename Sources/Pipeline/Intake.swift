import DaemonMetrics
import Journal
import Listen
import Record
import Wire

/// The left half of the way: a receiver's batch of datagrams becomes one frame of the journal.
///
/// One receiver's thread uses it; nothing in it waits for a disk's sync, a database or Slurm. What is rejected is counted,
/// and the counts go into the journal as an entry of their own, so that they reach the store exactly once too. Counts that
/// the journal would not take wait here for the next frame.
final class Intake {
    private let journal: Journal
    private let socket: DatagramSocket
    private let metrics: IngestMetrics
    private let rejectLog: RejectLog
    private var parser = MessageParser()
    private var record = UsageRecord()
    private var frame = FrameBuilder()
    private var waiting = IngestCounters()
    /// Messages that `waiting` accounts for.
    private var waitingMessages: UInt64 = 0
    private var kernelDropsSeen: UInt64 = 0

    init(journal: Journal, socket: DatagramSocket, metrics: IngestMetrics, rejectLog: RejectLog) {
        self.journal = journal
        self.socket = socket
        self.metrics = metrics
        self.rejectLog = rejectLog
    }

    func take(_ batch: DatagramBatch) {
        let now = wallClock()
        var accepted: UInt64 = 0
        frame.reset()
        for index in 0..<batch.count {
            let datagram = batch[index]
            if let reason = take(datagram, now: now) {
                reject(reason)
                rejectLog.note(reason, datagram, now: now)
            } else {
                accepted += 1
            }
        }
        countKernelDrops()
        if accepted > 0 || !waiting.isEmpty { append(accepted: accepted) }
    }

    /// Puts an acceptable datagram into the frame.
    private func take(_ datagram: Datagram, now: Int64) -> RejectReason? {
        if datagram.isTruncated { return .tooLong }
        switch parser.parse(message: datagram.bytes, arrival: now, into: &record) {
        case .rejected(let reason): return reason
        case .accepted(let headerTime, let json):
            let credentials = datagram.credentials
            let envelope = Envelope(
                arrival: now, headerTime: headerTime, identity: credentials == nil ? .claimed : .kernel,
                uid: credentials?.uid, pid: credentials?.pid)
            frame.append { entry in
                Entry.append(envelope, record: UnsafeRawBufferPointer(rebasing: datagram.bytes[json]), to: &entry)
            }
            return nil
        }
    }

    private func reject(_ reason: RejectReason, count: UInt64 = 1) {
        waiting.add(count, to: IngestCounters.rejected(reason))
        waitingMessages += count
    }

    /// The kernel counts drops for each socket; they are no messages received.
    private func countKernelDrops() {
        let drops = socket.kernelDrops
        // the kernel's count has 32 bits
        let more = UInt64(UInt32(truncatingIfNeeded: drops) &- UInt32(truncatingIfNeeded: kernelDropsSeen))
        kernelDropsSeen = drops
        waiting.add(more, to: IngestCounters.kernelDropped)
    }

    private func append(accepted: UInt64) {
        let counted = waiting
        let tally = accepted + waitingMessages
        if !waiting.isEmpty {
            frame.append { Entry.append(tally: waiting.values.map { ($0.key, $0.value) }, to: &$0) }
        }
        do throws(JournalError) {
            _ = try journal.append(frame, tallyIncrease: tally)
            waiting.reset()
            waitingMessages = 0
            metrics.update { $0.counters.add(counted) }
        } catch {
            rejectLog.note(journal: error)
            if accepted > 0 {
                reject(error.isFull ? .journalFull : .journalError, count: accepted)
            }
        }
    }
}
