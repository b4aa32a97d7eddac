import CZlib
import CZstd

/// Unpacks members (gzip) or frames (zstd), one after the other.
protocol Decoder: AnyObject {
    /// - Parameters:
    ///   - input: the bytes after those that were consumed before; not empty.
    ///   - output: not empty.
    func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(DecodingFailure) -> DecodingStep
}

struct DecodingStep {
    let consumed: Int
    let produced: Int
    /// Whether the member or frame is complete and all its bytes were delivered.
    let isWhole: Bool
}

struct DecodingFailure: Error {
    let why: String
}

/// Members of gzip (RFC 1952).
final class GzipDecoder: Decoder {
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(DecodingFailure) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // zlib.h: adding 16 expects a gzip header
        let code = inflateInit2_(stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            stream.deallocate()
            throw DecodingFailure(why: "out of memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(DecodingFailure) -> DecodingStep {
        let most = 1 << 30
        let (given, room) = (min(input.count, most), min(output.count, most))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(given)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        let code = inflate(stream, Z_NO_FLUSH)
        guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
            throw DecodingFailure(why: stream.pointee.msg.map { String(cString: $0) } ?? "error \(code) of zlib")
        }
        if code == Z_STREAM_END { inflateReset(stream) }
        return DecodingStep(
            consumed: given - Int(stream.pointee.avail_in), produced: room - Int(stream.pointee.avail_out),
            isWhole: code == Z_STREAM_END)
    }
}

/// Frames of Zstandard, and skippable frames (RFC 8878, section 3.1).
final class ZstdDecoder: Decoder {
    private let stream: OpaquePointer

    init() throws(DecodingFailure) {
        guard let stream = ZSTD_createDStream() else { throw DecodingFailure(why: "out of memory") }
        self.stream = stream
    }

    deinit { ZSTD_freeDStream(stream) }

    func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(DecodingFailure) -> DecodingStep {
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        let left = ZSTD_decompressStream(stream, &target, &source)
        guard ZSTD_isError(left) == 0 else { throw DecodingFailure(why: String(cString: ZSTD_getErrorName(left))) }
        return DecodingStep(consumed: source.pos, produced: target.pos, isWhole: left == 0)
    }
}
