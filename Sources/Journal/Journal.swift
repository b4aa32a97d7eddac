import CFileSystem
import Checksum
import Glibc
import Synchronization
import Threads

/// The daemon's only queue: a log of opaque entries on local disk. Several threads append to it, and one reads it.
///
/// ## Invariants
///
/// 1. A frame is whole or absent: a reader never gets a frame that fails its checks.
/// 2. Entries are numbered from 0 without reuse. A segment's name is the number of its first entry.
/// 3. Every frame carries the caller's running total (`tally`) before and after it. So `head.tally - position.tally` is
///    the number that waits to be read. The frame after a damaged part tells how much was lost there.
/// 4. An append is one `pwrite` after the last whole frame. If it fails, the file is cut back to its former length.
/// 5. The segments together never take more than `JournalLimits.maximumBytes`: an append that would exceed it is
///    refused. Only an append from the reserve may exceed it, by `JournalReserve.bytes` at most.
/// 6. The journal keeps no cursor. The consumer keeps its position together with its results, and `release` says up to
///    which position segments may be deleted.
///
/// ## On disk
///
/// A directory with `lock`, `identity` (32 hexadecimal digits), `incarnation` (one or two lines of such digits),
/// `reserve` (allocated blocks without content), and segments `SEQUENCE.journal` (16 hexadecimal digits). All numbers
/// are little-endian; checksums are XXH64.
///
///     segment   0  u64  magic "CUSTJRN1"        frame    0  u32  magic "FRAM"
///               8  u32  version, 1                       4  u32  bytes of the frame, padding included
///              12  u32  bytes of this header             8  u32  entries
///              16  16 B identity                        12  u32  bytes of the payload
///              32  u64  first sequence number           16  u64  sequence number of the first entry
///              40  u64  tally at its start              24  u64  tally before the frame
///              48  u64  0                               32  u64  tally after it
///              56  u64  checksum of 0..<56              40  u64  checksum of the payload
///              64       frames                          48  u64  checksum of 0..<48
///                                                       56       payload: for each entry a u32 length and its bytes
///                                                                zeros up to a multiple of 8
///
/// The checksum of the identity is the seed of a frame's checksums, so that no sender can make bytes that pass for a
/// frame.
///
/// ## Recovery
///
/// Recovery first reads every segment's header, before it changes anything. A segment of a newer version, or segments
/// of another journal than `identity` names, make it refuse the whole journal. If the identity is lost or damaged, the
/// segments supply it.
///
/// Recovery then reads through the last segment and cuts it after its last valid frame. A segment with a damaged header
/// is renamed `.damaged`, and the journal goes on after its last valid frame. Damage elsewhere stays until it is read.
/// The reader then goes on at the next valid frame, and tells by how much the tally had grown.
///
/// ## What can be lost
///
/// If the process is killed: nothing for which `append` has returned. If the power fails: appends since the last
/// `sync`.
public final class Journal: Sendable {
    /// The journal's name: 32 hexadecimal digits, made with the journal and never changed.
    public let identity: String
    public let directory: String
    /// Tells this journal from copies of it, which have the same identity. `own` names it from this opening on; `known`
    /// is the name before, if there is one. Nil if the incarnation could not be written.
    public let incarnation: (own: String, known: [String]?)?
    /// Findings of the recovery for the log.
    public let notes: [String]

    private struct Segment {
        let start: JournalPosition
        var bytes: Int
    }

    private struct State {
        var segments: [Segment]
        var current: SegmentFile
        var head: JournalPosition
        var bytes: Int
        /// The consumer has released all entries before this one.
        var released: UInt64 = 0
        /// The offset of the last frame in the current segment.
        var lastFrame: Int
        var unsynced: [SegmentFile] = []
        var directoryIsSynced = false
        var hasUnsyncedAppends = false
        /// The time when the current segment was begun or found, seconds since 1970.
        var began = time(nil)
    }

    private let limits: JournalLimits
    private let identityBytes: [UInt8]
    private let seed: UInt64
    private let lock: SegmentFile
    private let reserve: JournalReserve
    private let state: Mutex<State>
    private let signal = WakeSignal()

    /// Opens the journal in `directory`, which is made if it is missing.
    ///
    /// - Throws: `JournalError.locked` if another process has it open, `.io`, `.foreign`.
    public init(directory: String, limits: JournalLimits = JournalLimits()) throws(JournalError) {
        self.directory = directory
        self.limits = limits
        lock = try JournalDirectory.makeAndLock(directory)
        let (bytes, note) = try JournalDirectory.identity(in: directory)
        identityBytes = bytes
        identity = identityBytes.hexadecimal
        seed = XXH64.hash(identityBytes)
        let recovered = try Recovery(directory: directory, identity: identityBytes, seed: seed)
        incarnation = JournalDirectory.incarnation(in: directory)
        reserve = JournalReserve(directory: directory)
        notes = (note.map { [$0] } ?? []) + recovered.notes
        var segments = recovered.segments.map { Segment(start: $0.start, bytes: $0.bytes) }
        let current: SegmentFile
        if let last = recovered.last {
            current = last
        } else {
            current = try Journal.create(directory, identityBytes, recovered.head)
            segments.append(Segment(start: recovered.head, bytes: SegmentHeader.byteCount))
        }
        state = Mutex(
            State(
                segments: segments, current: current, head: recovered.head,
                bytes: segments.reduce(0) { $0 + $1.bytes }, lastFrame: recovered.lastFrame))
    }

    /// Forgets the old incarnation: the consumer now knows the journal by the new one.
    public func confirmIncarnation() throws(JournalError) {
        guard let incarnation else { return }
        try JournalDirectory.confirm(incarnation: incarnation.own, in: directory)
    }

    /// The position after the last frame.
    public var head: JournalPosition { state.withLock { $0.head } }

    /// The beginning of the oldest segment that is kept.
    public var oldest: JournalPosition { state.withLock { $0.segments.first?.start ?? $0.head } }

    /// The size of the segments on disk, bytes.
    public var byteCount: Int { state.withLock { $0.bytes } }

    /// Appends the entries of `frame` as one frame.
    ///
    /// When this returns, the kernel holds the bytes: they survive the end of the process, but a power failure only
    /// after the next `sync`. This call does not wait for the disk.
    /// - Parameters:
    ///   - tallyIncrease: the amount by which the caller's running total grows.
    ///   - mayUseReserve: for the few entries that must not be refused because no sender can repeat them: if the
    ///     journal is full, they take the reserve.
    /// - Returns: the position after the frame.
    /// - Throws: `JournalError.full` or `.io`; the journal is then as before.
    @discardableResult
    public func append(
        _ frame: FrameBuilder, tallyIncrease: UInt64, mayUseReserve: Bool = false
    ) throws(JournalError) -> JournalPosition {
        guard frame.count > 0 else { return head }
        let (payloadBytes, payloadHash) = frame.seal(seed: seed)
        guard payloadBytes < FrameHeader.maximumFrameBytes - FrameHeader.byteCount - 8 else {
            throw .full("a frame of \(payloadBytes) bytes exceeds the limit of a frame")
        }
        let result = state.withLock { state -> Result<JournalPosition, JournalError> in
            let header = FrameHeader(
                payloadBytes: payloadBytes, entries: frame.count, firstSequence: state.head.sequence,
                tallyBefore: state.head.tally, tallyAfter: state.head.tally &+ tallyIncrease, payloadHash: payloadHash)
            do throws(JournalError) {
                do throws(JournalError) {
                    try add(frame, header, in: &state)
                } catch  where error.isFull {
                    if reclaim(for: header.frameBytes, in: &state) {
                        try add(frame, header, in: &state)
                    } else {
                        guard mayUseReserve else { throw error }
                        reserve.giveUp()
                        try add(frame, header, usingReserve: true, in: &state)
                    }
                }
                return .success(state.head)
            } catch {
                return .failure(error)
            }
        }
        signal.notify()
        return try result.get()
    }

    /// Makes all appends so far survive a power failure. The call waits for the disk, and no other thread waits
    /// meanwhile.
    public func sync() throws(JournalError) {
        let (files, syncsDirectory) = state.withLock { state in
            let files = state.unsynced + (state.hasUnsyncedAppends ? [state.current] : [])
            let syncsDirectory = !state.directoryIsSynced
            state.unsynced = []
            state.hasUnsyncedAppends = false
            state.directoryIsSynced = true
            return (files, syncsDirectory)
        }
        do throws(JournalError) {
            for file in files { try file.sync() }
            if syncsDirectory { try JournalDirectory.sync(directory) }
        } catch {
            state.withLock { state in
                // a disk that fails repeatedly must not make the list grow
                for file in files where !state.unsynced.contains(where: { $0 === file }) { state.unsynced.append(file) }
                if syncsDirectory { state.directoryIsSynced = false }
            }
            throw error
        }
    }

    /// A reader from `position` on, or from the oldest entry kept.
    ///
    /// If `position` lies before the oldest entry kept, the reader starts at that entry. The first frame's
    /// `skippedTally` then tells the gap.
    public func reader(at position: JournalPosition?) throws(JournalError) -> JournalReader {
        JournalReader(journal: self, at: position ?? oldest, seed: seed)
    }

    /// Deletes the segments that lie wholly before `position` and before entry `keepingSequencesFrom`.
    ///
    /// If the journal is over half its limit, segments that are only kept for the memory of identifiers are deleted
    /// too.
    public func release(upTo position: JournalPosition, keepingSequencesFrom kept: UInt64) {
        let gone = state.withLock { state in
            var gone: [String] = []
            state.released = max(state.released, position.sequence)
            while state.segments.count > 1 {
                let end = state.segments[1].start.sequence
                let isWanted = end > kept && state.bytes <= limits.maximumBytes / 2
                guard end <= position.sequence, !isWanted else { break }
                gone.append(dropFirst(in: &state))
            }
            return gone
        }
        for name in gone { unlink("\(directory)/\(name)") }
    }

    /// Deletes released segments whose last entry is older than the retention, also those that the memory of
    /// identifiers needs. A new segment begins after a seventh of that time, so that a quiet one gets old, too.
    ///
    /// - Parameter now: seconds since 1970.
    public func expire(now: Int = time(nil)) {
        let gone = state.withLock { state in
            let isDue = now - state.began > limits.retentionSeconds / 7
            if isDue, let last = state.segments.last, last.bytes > SegmentHeader.byteCount {
                // without room for another segment this is tried again
                do throws(JournalError) { try roll(to: state.head, in: &state) } catch { return [String]() }
            }
            var gone: [String] = []
            while state.segments.count > 1, state.segments[1].start.sequence <= state.released {
                let last = SegmentFile.lastWrite(to: state.segments[0].start, in: directory)
                guard now - last > limits.retentionSeconds else { break }
                gone.append(dropFirst(in: &state))
            }
            return gone
        }
        for name in gone { unlink("\(directory)/\(name)") }
    }

    /// Moves the head to at least `position`: after a disk has lost its tail, no entry number may be used twice.
    public func advance(to position: JournalPosition) throws(JournalError) {
        let result = state.withLock { state -> Result<Void, JournalError> in
            let start = JournalPosition(
                sequence: max(position.sequence, state.head.sequence), tally: max(position.tally, state.head.tally))
            guard start != state.head else { return .success(()) }
            do throws(JournalError) {
                if start.sequence == state.head.sequence {
                    // a segment is named by an entry number, so the new segment needs the next one
                    try roll(to: JournalPosition(sequence: start.sequence + 1, tally: start.tally), in: &state)
                } else {
                    try roll(to: start, in: &state)
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Waits until the head is not `position` any more, `wake` is called, or the time is over.
    ///
    /// - Returns: whether there is an entry after `position`.
    public func waitForAppend(after position: JournalPosition, timeoutMilliseconds: Int) -> Bool {
        let ticket = signal.ticket
        if head.sequence > position.sequence { return true }
        signal.wait(since: ticket, milliseconds: timeoutMilliseconds)
        return head.sequence > position.sequence
    }

    /// Ends a wait.
    public func wake() { signal.notify() }

    // MARK: reading

    /// The segment that holds entry `sequence`, or will hold it.
    func segment(holding sequence: UInt64) throws(JournalError) -> SegmentFile? {
        try open { segments in segments.last { $0.start.sequence <= sequence } ?? segments.first }
    }

    /// The segment after the one that begins with entry `sequence`.
    func segment(after sequence: UInt64) throws(JournalError) -> SegmentFile? {
        try open { segments in segments.first { $0.start.sequence > sequence } }
    }

    func hasSegment(after sequence: UInt64) -> Bool {
        state.withLock { state in (state.segments.last?.start.sequence ?? 0) > sequence }
    }

    /// Opens a segment under the lock, so that every segment in the list still exists on disk.
    private func open(_ choose: ([Segment]) -> Segment?) throws(JournalError) -> SegmentFile? {
        let result = state.withLock { state -> Result<SegmentFile?, JournalError> in
            guard let start = choose(state.segments)?.start else { return .success(nil) }
            // a reader that keeps up needs no file descriptor of its own
            if start == state.current.start { return .success(state.current) }
            do throws(JournalError) { return .success(try open(start)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private func open(_ start: JournalPosition) throws(JournalError) -> SegmentFile {
        let path = "\(directory)/\(SegmentFile.name(of: start.sequence))"
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io(call: "open", path: path, code: errno) }
        return SegmentFile(descriptor: descriptor, path: path, start: start)
    }

    /// The number of bytes of a segment that may be read: in the current segment, up to the last whole frame.
    func extent(of file: SegmentFile) throws(JournalError) -> Int {
        let known = state.withLock { state in state.segments.first { $0.start == file.start }?.bytes }
        if let known { return known }
        return try file.size()
    }

    // MARK: appending, under the lock

    private func add(
        _ frame: FrameBuilder, _ header: FrameHeader, usingReserve: Bool = false, in state: inout State
    ) throws(JournalError) {
        try makeRoom(
            for: header.frameBytes, within: limits.maximumBytes + (usingReserve ? JournalReserve.bytes : 0), in: &state)
        try write(frame, header, in: &state)
    }

    private func makeRoom(for bytes: Int, within maximum: Int, in state: inout State) throws(JournalError) {
        let last = state.segments.last?.bytes ?? 0
        let rolls = last > SegmentHeader.byteCount && last + bytes > limits.segmentBytes
        guard state.bytes + bytes + (rolls ? SegmentHeader.byteCount : 0) <= maximum else {
            throw .full("it has reached its limit of \(limits.maximumBytes) bytes")
        }
        guard rolls else { return }
        do throws(JournalError) { try roll(to: state.head, in: &state) } catch {
            // the segment grows on until a file can be opened again, because refusing messages would be worse
            guard error.isForWantOfDescriptors else { throw error }
        }
    }

    /// Frees released entries when there is no room for a frame: segments kept for the memory of identifiers, and the
    /// part of the current segment that was released. Without this, a limit or a disk smaller than these would stay
    /// full.
    ///
    /// - Returns: whether anything was freed.
    private func reclaim(for bytes: Int, in state: inout State) -> Bool {
        guard SegmentHeader.byteCount + bytes <= limits.maximumBytes else { return false }
        var gone: [String] = []
        while state.segments.count > 1, state.segments[1].start.sequence <= state.released {
            gone.append(dropFirst(in: &state))
        }
        for name in gone { unlink("\(directory)/\(name)") }
        if gone.isEmpty, state.released >= state.head.sequence, let last = state.segments.last,
            last.bytes > SegmentHeader.byteCount
        {
            do throws(JournalError) { try roll(to: state.head, in: &state) } catch {
                // there is no room even for the next segment's header
                guard error.isFull, giveUpAllButTheLastFrame(in: state) else { return false }
                do throws(JournalError) { try roll(to: state.head, in: &state) } catch { return false }
            }
            unlink("\(directory)/\(dropFirst(in: &state))")
            return true
        }
        return !gone.isEmpty
    }

    /// Gives the disk the room before the last frame of the current segment, by a hole.
    ///
    /// If the file were truncated, it would end before frames that the store has. A journal opened after a crash at
    /// this moment would then use their entries' numbers again. With a hole the file keeps its end.
    private func giveUpAllButTheLastFrame(in state: State) -> Bool {
        let start = SegmentHeader.byteCount
        guard state.lastFrame > start else { return false }
        return filesystem_punch_hole(state.current.descriptor, Int64(start), Int64(state.lastFrame)) == 0
    }

    /// Takes the oldest segment off the list.
    ///
    /// - Returns: the name of its file, which the caller must delete.
    private func dropFirst(in state: inout State) -> String {
        let first = state.segments.removeFirst()
        state.bytes -= first.bytes
        state.unsynced.removeAll { $0.start == first.start }
        return SegmentFile.name(of: first.start.sequence)
    }

    private func roll(to start: JournalPosition, in state: inout State) throws(JournalError) {
        let next = try Journal.create(directory, identityBytes, start)
        state.unsynced.append(state.current)
        state.directoryIsSynced = false
        state.hasUnsyncedAppends = true
        state.current = next
        state.began = time(nil)
        state.lastFrame = SegmentHeader.byteCount
        state.segments.append(Segment(start: start, bytes: SegmentHeader.byteCount))
        state.bytes += SegmentHeader.byteCount
        state.head = start
    }

    private func write(_ frame: FrameBuilder, _ header: FrameHeader, in state: inout State) throws(JournalError) {
        let file = state.current
        let last = state.segments.count - 1
        let offset = state.segments[last].bytes
        let failure = frame.withFrame(header, seed: seed) { file.write($0, at: offset) }
        if let failure {
            _ = ftruncate(file.descriptor, off_t(offset))
            switch failure {
            case ENOSPC, EDQUOT, EFBIG: throw .full(reason(failure))
            default: throw .io(call: "write", path: file.path, code: failure)
            }
        }
        state.lastFrame = offset
        state.segments[last].bytes += header.frameBytes
        state.bytes += header.frameBytes
        state.head = header.end
        state.hasUnsyncedAppends = true
    }

    private static func create(
        _ directory: String, _ identity: [UInt8], _ start: JournalPosition
    ) throws(JournalError) -> SegmentFile {
        let path = "\(directory)/\(SegmentFile.name(of: start.sequence))"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == ENOSPC || errno == EDQUOT { throw .full(reason(errno)) }
            throw .io(call: "create", path: path, code: errno)
        }
        let file = SegmentFile(descriptor: descriptor, path: path, start: start)
        let header = SegmentHeader(identity: identity, start: start).bytes
        if let failure = header.withUnsafeBytes({ file.write($0, at: 0) }) {
            unlink(path)
            if failure == ENOSPC || failure == EDQUOT { throw .full(reason(failure)) }
            throw .io(call: "write", path: path, code: failure)
        }
        return file
    }
}
