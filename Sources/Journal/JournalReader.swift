import Glibc

/// Reads frames from a position on; one thread uses it.
public final class JournalReader {
    /// The position after the last frame read.
    public private(set) var position: JournalPosition

    private let journal: Journal
    private var scanner: FrameScanner
    private var file: SegmentFile?
    /// The offset of the last frame read in its segment.
    private var frameOffset = SegmentHeader.byteCount

    init(journal: Journal, at position: JournalPosition, seed: UInt64) {
        self.journal = journal
        self.position = position
        scanner = FrameScanner(seed: seed)
    }

    /// A frame; it is valid only during the call that gets it.
    public struct Frame {
        /// The growth of the running total between the last frame read and this one: entries of a damaged or missing
        /// part.
        public let skippedTally: UInt64
        /// The beginning of the frame; the reader's position may lie within it.
        public let start: JournalPosition
        let from: UInt64
        let payload: UnsafeRawBufferPointer

        /// Calls `body` with each entry after the reader's position and its sequence number, in order.
        public func forEach(_ body: (_ sequence: UInt64, _ entry: UnsafeRawBufferPointer) -> Void) {
            var offset = 0
            var sequence = start.sequence
            while offset + 4 <= payload.count {
                let length = Int(load(payload, offset) as UInt32)
                guard length <= payload.count - offset - 4 else { return }
                if sequence >= from {
                    body(sequence, UnsafeRawBufferPointer(rebasing: payload[offset + 4..<offset + 4 + length]))
                }
                offset += 4 + length
                sequence += 1
            }
        }
    }

    /// A position to return to without searching the segment.
    public struct Bookmark {
        public let position: JournalPosition
        let file: SegmentFile?
        let offset: Int
    }

    /// - Parameter position: in the last frame read or directly after it; the reader's own position if it has read
    ///   none.
    public func bookmark(at position: JournalPosition) -> Bookmark {
        Bookmark(position: position, file: file, offset: frameOffset)
    }

    public func go(to bookmark: Bookmark) {
        position = bookmark.position
        file = bookmark.file
        frameOffset = bookmark.offset
        scanner.restart(at: bookmark.offset)
    }

    /// Calls `body` with the next frame; false if there is none yet.
    ///
    /// Damage is skipped; the next frame's `skippedTally` tells how much was lost.
    /// - Throws: `JournalError.io` if the disk cannot be read.
    public func next(_ body: (Frame) -> Void) throws(JournalError) -> Bool {
        while true {
            if file == nil {
                file = try opened { () throws(JournalError) in try journal.segment(holding: position.sequence) }
                scanner.restart()
            }
            switch try nextInSegment(body) {
            case .frame: return true
            case .nothing: return false
            case .end(let start):
                // the next segment may need the descriptor of this one
                file = nil
                file = try opened { () throws(JournalError) in try journal.segment(after: start) }
                scanner.restart()
            }
        }
    }

    private enum Step {
        case frame
        case nothing
        /// The end of the segment that begins with this entry; another segment follows.
        case end(UInt64)
    }

    private func nextInSegment(_ body: (Frame) -> Void) throws(JournalError) -> Step {
        guard let file else { return .nothing }
        // the order matters: a segment that is followed by another does not grow any more
        let isFollowed = journal.hasSegment(after: file.start.sequence)
        let limit = try journal.extent(of: file)
        while case .frame(let header, let payload) = try scanner.next(in: file, limit: limit) {
            guard header.end.sequence > position.sequence else { continue }
            let before = position
            position = header.end
            frameOffset = scanner.offset - header.frameBytes
            scanner.withWindow(payload) { bytes in
                body(
                    Frame(
                        skippedTally: header.tallyBefore > before.tally ? header.tallyBefore - before.tally : 0,
                        start: JournalPosition(sequence: header.firstSequence, tally: header.tallyBefore),
                        from: before.sequence, payload: bytes))
            }
            return .frame
        }
        return isFollowed ? .end(file.start.sequence) : .nothing
    }

    /// Waits until a file descriptor is free: received messages are safe meanwhile.
    private func opened(_ open: () throws(JournalError) -> SegmentFile?) throws(JournalError) -> SegmentFile? {
        while true {
            do throws(JournalError) { return try open() } catch {
                guard error.isForWantOfDescriptors else { throw error }
                usleep(JournalReader.retryMicroseconds)
            }
        }
    }

    private static let retryMicroseconds: UInt32 = 50_000
}
