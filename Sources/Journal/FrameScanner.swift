import Checksum

/// Finds the frames of a segment, one after another, and skips damaged parts.
///
/// It reads the file in large pieces.
struct FrameScanner {
    enum Finding {
        /// The header of a valid frame, and the range of its payload in the window.
        case frame(FrameHeader, payload: Range<Int>)
        /// There is no valid frame up to the limit.
        case end
    }

    /// The offset at which the search for the next frame begins.
    private(set) var offset = SegmentHeader.byteCount
    /// The end of the last valid frame.
    private(set) var soundEnd = SegmentHeader.byteCount

    private var window = [UInt8](repeating: 0, count: 1 << 20)
    private var windowStart = 0
    private var windowCount = 0
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    /// Begins another segment, or this one again.
    mutating func restart(at place: Int = SegmentHeader.byteCount) {
        offset = place
        soundEnd = offset
        windowCount = 0
    }

    /// The next valid frame of `file` that ends at or before `limit`.
    ///
    /// A frame that was being written when the process died fails its checks, and so does anything damaged. The scanner
    /// then tries the next place, 8 bytes on, so that one bad frame does not hide the frames after it.
    mutating func next(in file: SegmentFile, limit: Int) throws(JournalError) -> Finding {
        var candidate = offset
        while candidate + FrameHeader.byteCount <= limit {
            if let (header, payload) = try frame(at: candidate, in: file, limit: limit) {
                offset = candidate + header.frameBytes
                soundEnd = offset
                return .frame(header, payload: payload)
            }
            candidate += 8
        }
        return .end
    }

    func withWindow<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        window.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    private mutating func frame(
        at place: Int, in file: SegmentFile, limit: Int
    ) throws(JournalError) -> (FrameHeader, Range<Int>)? {
        guard try load(place, FrameHeader.byteCount, from: file, limit: limit) else { return nil }
        let start = place - windowStart
        let header = withWindow(start..<start + FrameHeader.byteCount) { FrameHeader($0, seed: seed) }
        guard let header, place + header.frameBytes <= limit,
            try load(place, header.frameBytes, from: file, limit: limit)
        else { return nil }
        let payloadStart = place - windowStart + FrameHeader.byteCount
        let payload = payloadStart..<payloadStart + header.payloadBytes
        guard withWindow(payload, { XXH64.hash($0, seed: seed) }) == header.payloadHash else { return nil }
        return (header, payload)
    }

    /// Makes the window hold `count` bytes from `place` on.
    private mutating func load(
        _ place: Int, _ count: Int, from file: SegmentFile, limit: Int
    ) throws(JournalError) -> Bool {
        if place >= windowStart && place + count <= windowStart + windowCount { return true }
        let wanted = min(max(count, 1 << 20), limit - place)
        if wanted > window.count { window = [UInt8](repeating: 0, count: wanted) }
        windowStart = place
        windowCount = 0
        var failure: JournalError?
        let read = window.withUnsafeMutableBytes { bytes in
            do throws(JournalError) {
                return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]), at: place)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        windowCount = read
        return count <= windowCount
    }
}
