import CZlib
import CZstd
import Glibc

/// Reads the lines of an archive: plain, gzip or zstd, told by its first bytes, and in memory that does not grow with it.
public final class ArchiveReader {
    /// The longest line that is handed over; of a longer one only so much is, so that it is seen to be too long.
    public static let maximumLine = 65_536

    /// Bytes of the file, as it lies on disk.
    public let fileBytes: Int
    /// How much of them has been read.
    public var fileOffset: Int { source.fileOffset }

    private let source: any ByteSource
    private var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private var isAtEnd = false

    /// - Throws: `ArchiveError.cannotOpen`.
    public init(path: String) throws(ArchiveError) {
        let descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen("\(path): \(String(cString: strerror(errno)))") }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw .cannotOpen("\(path): it is a directory")
        }
        fileBytes = Int(status.st_size)
        var magic = [UInt8](repeating: 0, count: 4)
        let isZstd = pread(descriptor, &magic, 4, 0) == 4 && magic == [0x28, 0xB5, 0x2F, 0xFD]
        if isZstd {
            source = try ZstdSource(descriptor: descriptor, path: path)
        } else {
            // zlib passes through what is no gzip
            source = try GzipSource(descriptor: descriptor, path: path)
        }
        buffer = [UInt8](repeating: 0, count: 1 << 20)
    }

    /// Calls `body` with the next line, without its LF, and says how long it is in truth; false at the end.
    ///
    /// - Throws: `ArchiveError.damaged` where the file cannot be unpacked any further.
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
        let source = self.source
        let from = end
        var failure: ArchiveError?
        let count = buffer.withUnsafeMutableBytes { bytes in
            do throws(ArchiveError) {
                return try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[from...]))
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        if count == 0 { isAtEnd = true }
        end += count
    }
}

public enum ArchiveError: Error, Sendable, CustomStringConvertible {
    case cannotOpen(String)
    case damaged(String)

    public var description: String {
        switch self {
        case .cannotOpen(let why): "cannot open \(why)"
        case .damaged(let why): "damaged archive \(why)"
        }
    }
}

/// Unpacked bytes from a file.
protocol ByteSource: AnyObject {
    var fileOffset: Int { get }
    /// - Returns: the number of bytes read, 0 at the end.
    func read(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int
}

/// gzip (RFC 1952), several members one after another too, and plain files.
private final class GzipSource: ByteSource {
    private let file: gzFile
    private let path: String

    init(descriptor: Int32, path: String) throws(ArchiveError) {
        guard let file = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw .cannotOpen("\(path): out of memory")
        }
        gzbuffer(file, 1 << 17)
        self.file = file
        self.path = path
    }

    deinit { gzclose(file) }

    var fileOffset: Int { Int(gzoffset(file)) }

    func read(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let count = gzread(file, target.baseAddress, UInt32(min(target.count, 1 << 30)))
        var code: Int32 = 0
        let why = gzerror(file, &code)
        // an archive cut short ends with Z_BUF_ERROR after its last whole block
        guard count >= 0, count > 0 || code == Z_OK || code == Z_STREAM_END else {
            throw .damaged("\(path): \(why.map { String(cString: $0) } ?? "unknown reason")")
        }
        return Int(count)
    }
}

/// Zstandard frames (RFC 8878).
private final class ZstdSource: ByteSource {
    private let descriptor: Int32
    private let path: String
    private let stream: OpaquePointer
    private var input = [UInt8](repeating: 0, count: 1 << 17)
    private var inputStart = 0
    private var inputEnd = 0
    private var isInFrame = false
    private(set) var fileOffset = 0

    init(descriptor: Int32, path: String) throws(ArchiveError) {
        guard let stream = ZSTD_createDStream() else {
            close(descriptor)
            throw .cannotOpen("\(path): out of memory")
        }
        self.descriptor = descriptor
        self.path = path
        self.stream = stream
    }

    deinit {
        ZSTD_freeDStream(stream)
        close(descriptor)
    }

    func read(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        while true {
            if inputStart == inputEnd {
                let count = Glibc.read(descriptor, &input, input.count)
                guard count >= 0 else { throw .damaged("\(path): \(String(cString: strerror(errno)))") }
                if count == 0 {
                    if isInFrame { throw .damaged("\(path): it ends within a frame") }
                    return 0
                }
                fileOffset += count
                inputStart = 0
                inputEnd = count
            }
            var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
            let (left, consumed) = input.withUnsafeBytes { bytes in
                var source = ZSTD_inBuffer(src: bytes.baseAddress, size: inputEnd, pos: inputStart)
                let left = ZSTD_decompressStream(stream, &output, &source)
                return (left, source.pos)
            }
            guard ZSTD_isError(left) == 0 else {
                throw .damaged("\(path): \(String(cString: ZSTD_getErrorName(left)))")
            }
            inputStart = consumed
            isInFrame = left != 0
            if output.pos > 0 { return output.pos }
        }
    }
}
