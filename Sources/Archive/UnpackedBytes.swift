import Glibc

/// The unpacked bytes of a file: those of gzip's members and zstd's frames, one after the other, or the bytes
/// unchanged.
final class UnpackedBytes {
    /// Data after the compressed data; nil before the end, and if there is none.
    private(set) var trailing: TrailingData?
    /// The number of bytes of the file read so far.
    var fileOffset: Int { raw.offset }

    private let raw: RawBytes
    /// The file's path; nil for standard input.
    private let path: String?
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    private var start = 0
    private var end = 0
    private var state = State.between
    private var hasUnpacked = false
    private var hasBegun = false

    private enum State {
        /// At the beginning, or after the end of a member or frame.
        case between
        case plain
        case packed(any Decoder)
        case ended
    }

    init(_ raw: RawBytes, path: String?) {
        self.raw = raw
        self.path = path
    }

    deinit { input.deallocate() }

    /// - Parameter target: not empty.
    /// - Returns: the number of bytes read, 0 at the end.
    func read(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        while true {
            switch state {
            case .between: try begin()
            case .ended: return 0
            case .plain:
                if start == end, try !refill() {
                    state = .ended
                    return 0
                }
                let count = min(end - start, target.count)
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[start..<start + count]))
                start += count
                return count
            case .packed(let decoder):
                if start == end, try !refill() { throw .damaged("\(name): it is cut short") }
                let step = try unpack(decoder, into: target)
                start += step.consumed
                if step.isWhole { state = .between }
                if step.produced > 0 {
                    hasUnpacked = true
                    return step.produced
                }
            }
        }
    }

    private var name: String { path ?? "standard input" }

    private func unpack(
        _ decoder: any Decoder, into target: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> DecodingStep {
        do throws(DecodingFailure) {
            return try decoder.decode(UnsafeRawBufferPointer(rebasing: input[start..<end]), into: target)
        } catch {
            throw .damaged("\(name): \(error.why)")
        }
    }

    /// Chooses the decoder for the next bytes.
    private func begin() throws(ArchiveError) {
        while end - start < FileFormat.headBytes, try refill() {}
        switch FileFormat(head: UnsafeRawBufferPointer(rebasing: input[start..<end])) {
        case .gzip: state = .packed(try make { () throws(DecodingFailure) in try GzipDecoder() })
        case .zstd: state = .packed(try make { () throws(DecodingFailure) in try ZstdDecoder() })
        case .foreign(let foreign) where !hasUnpacked: throw foreign.complaint(about: path)
        case .foreign, .plain:
            if hasBegun {
                if FileFormat.isCutShort(UnsafeRawBufferPointer(rebasing: input[start..<end])) {
                    throw .damaged("\(name): it is cut short")
                }
                try passTrailingData()
            } else {
                state = .plain
            }
        }
        hasBegun = true
    }

    private func make(_ decoder: () throws(DecodingFailure) -> any Decoder) throws(ArchiveError) -> any Decoder {
        do { return try decoder() } catch { throw .cannotOpen("\(name): \(error.why)") }
    }

    /// Counts the bytes after the compressed data. Zeros are padding, as tapes have it.
    private func passTrailingData() throws(ArchiveError) {
        state = .ended
        var lines = 0
        var bytes = 0
        var last: UInt8 = 10
        repeat {
            while bytes == 0, start < end, input[start] == 0 { start += 1 }
            for byte in input[start..<end] where byte == 10 { lines += 1 }
            bytes += end - start
            if end > start { last = input[end - 1] }
            start = end
        } while try refill()
        if bytes > 0 { trailing = TrailingData(bytes: bytes, lines: lines + (last == 10 ? 0 : 1)) }
    }

    /// Reads more of the file.
    ///
    /// - Returns: false at the file's end.
    private func refill() throws(ArchiveError) -> Bool {
        if start > 0 {
            if let base = input.baseAddress { memmove(base, base + start, end - start) }
            end -= start
            start = 0
        }
        do throws(SystemError) {
            let count = try raw.read(into: UnsafeMutableRawBufferPointer(rebasing: input[end...]))
            end += count
            return count > 0
        } catch {
            throw .damaged("\(name): \(error)")
        }
    }
}

/// Data that follows an archive's compressed data and is not compressed.
public struct TrailingData: Sendable, Equatable {
    public let bytes: Int
    public let lines: Int
}
