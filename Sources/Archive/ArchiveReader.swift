import Glibc

/// Reads the lines of an archive. The memory that it takes does not grow with the archive.
public final class ArchiveReader {
    /// The longest line that is delivered whole. A longer one is cut to this length, which is enough to show that it is
    /// too long.
    public static let maximumLine = 65_536

    /// The size of the file on disk, bytes.
    public let fileBytes: Int
    /// The number of these bytes that have been read.
    public var fileOffset: Int { source.fileOffset }

    private let source: UnpackedBytes
    private var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private var isAtEnd = false

    init(_ source: UnpackedBytes, fileBytes: Int) {
        self.source = source
        self.fileBytes = fileBytes
        buffer = [UInt8](repeating: 0, count: 1 << 20)
    }

    /// Calls `body` with the next line, without its LF, and with the line's real length; false at the end.
    ///
    /// - Throws: `ArchiveError.damaged` if the file cannot be unpacked any further.
    public func nextLine(_ body: (UnsafeRawBufferPointer, _ length: Int) -> Void) throws(ArchiveError) -> Bool {
        var searched = start
        while true {
            if let newline = find(from: searched) {
                hand(start..<newline, body)
                start = newline + 1
                return true
            }
            searched = end
            if isAtEnd {
                guard start < end else { return false }
                hand(start..<end, body)
                start = end
                return true
            }
            if end - start > ArchiveReader.maximumLine { return try passLongLine(body) }
            searched -= start
            try refill()
            searched += start
        }
    }

    private func hand(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer, Int) -> Void) {
        buffer.withUnsafeBytes { bytes in
            let shown = range.lowerBound..<min(range.upperBound, range.lowerBound + ArchiveReader.maximumLine)
            body(UnsafeRawBufferPointer(rebasing: bytes[shown]), range.count)
        }
    }

    private func passLongLine(_ body: (UnsafeRawBufferPointer, Int) -> Void) throws(ArchiveError) -> Bool {
        let head = Array(buffer[start..<start + ArchiveReader.maximumLine])
        var length = 0
        while true {
            if let newline = find(from: start) {
                length += newline - start
                start = newline + 1
                break
            }
            length += end - start
            start = end
            if isAtEnd { break }
            try refill()
        }
        head.withUnsafeBytes { body($0, length) }
        return true
    }

    private func find(from offset: Int) -> Int? {
        guard offset < end else { return nil }
        return buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = memchr(base + offset, 10, end - offset) else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private func refill() throws(ArchiveError) {
        if start > 0 {
            let kept = end - start
            buffer.withUnsafeMutableBytes { bytes in
                if kept > 0, let base = bytes.baseAddress { memmove(base, base + start, kept) }
            }
            start = 0
            end = kept
        }
        if end == buffer.count { buffer.append(contentsOf: repeatElement(0, count: buffer.count)) }
        let free = end
        let source = source
        let count = try buffer.withUnsafeMutableBufferPointer { (bytes) throws(ArchiveError) in
            try source.read(
                into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(bytes)[free...]))
        }
        if count == 0 { isAtEnd = true }
        end += count
    }
}
