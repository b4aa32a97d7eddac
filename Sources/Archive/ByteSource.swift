import CZlib
import CZstd
import Glibc

/// Unpacked bytes from a file.
protocol ByteSource: AnyObject {
    /// Bytes of the file read so far.
    var fileOffset: Int { get }
    /// - Returns: the number of bytes read, 0 at the end.
    func read(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int
}

extension ByteSource {
    /// Reads into `buffer` from `offset` on.
    func read(into buffer: inout [UInt8], at offset: Int) throws(ArchiveError) -> Int {
        var failure: ArchiveError?
        let count = buffer.withUnsafeMutableBytes { bytes in
            do throws(ArchiveError) {
                return try read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]))
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count
    }
}

/// Opens a file as what its first bytes say it is.
func openSource(path: String) throws(ArchiveError) -> (source: any ByteSource, fileBytes: Int) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen("\(path): \(String(cString: strerror(errno)))") }
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        close(descriptor)
        throw .cannotOpen("\(path): it is a directory")
    }
    var magic = [UInt8](repeating: 0, count: 4)
    if pread(descriptor, &magic, 4, 0) == 4 && magic == [0x28, 0xB5, 0x2F, 0xFD] {
        return (try ZstdSource(descriptor: descriptor, path: path), Int(status.st_size))
    }
    // zlib passes through what is no gzip
    return (try GzipSource(descriptor: descriptor, path: path), Int(status.st_size))
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
