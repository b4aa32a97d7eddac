import Checksum
import CZlib
import CZstd
import Glibc
import SampleRecords
import Testing

/// The ways to pack an archive.
enum Packing: CaseIterable, Sendable {
    case plain, gzip, gzipMembers, zstd, zstdFrames, zstdChecked, zstdStreamed
    /// As pzstd does: before each frame a skippable one, which tells the frame's length.
    case zstdSkippable
    /// Padded with zeros, as tapes do.
    case gzipPadded
    case gzipThenZstd

    /// The piece after the first end of a gzip member or zstd frame begins here.
    static func cut(_ bytes: [UInt8]) -> Int { bytes.count * 2 / 5 }

    /// Archives in which a cut is noticed.
    static var packed: [Packing] { allCases.filter { $0 != .plain } }

    func pack(_ bytes: [UInt8]) throws -> [UInt8] {
        switch self {
        case .plain: bytes
        case .gzip: try Packing.gzip(bytes)
        case .gzipMembers: try halves(bytes).flatMap { try Packing.gzip($0) }
        case .zstd: try Packing.zstd(bytes, level: 3)
        case .zstdFrames: try halves(bytes).flatMap { try Packing.zstd($0, level: 3) }
        case .zstdChecked: try Packing.zstd(bytes, level: 1, hasChecksum: true)
        case .zstdStreamed: try Packing.zstd(bytes, level: 1, isStreamed: true)
        case .zstdSkippable:
            try halves(bytes).flatMap { piece in
                let frame = try Packing.zstd(piece, level: 3)
                let size = (0..<4).map { UInt8(truncatingIfNeeded: frame.count >> ($0 * 8)) }
                return [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0] + size + frame
            }
        case .gzipPadded: try Packing.gzip(bytes) + [UInt8](repeating: 0, count: 10_000)
        case .gzipThenZstd: try Packing.gzip(halves(bytes)[0]) + Packing.zstd(halves(bytes)[1], level: 3)
        }
    }

    /// Two pieces, cut within a line.
    private func halves(_ bytes: [UInt8]) -> [[UInt8]] {
        [Array(bytes.prefix(Packing.cut(bytes))), Array(bytes.dropFirst(Packing.cut(bytes)))]
    }

    private static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        try withTemporaryFile([]) { path in
            let file = try #require(gzopen(path, "wb"))
            if !bytes.isEmpty { #expect(gzwrite(file, bytes, UInt32(bytes.count)) == Int32(bytes.count)) }
            #expect(gzclose(file) == Z_OK)
            return try contents(of: path)
        }
    }

    private static func zstd(
        _ bytes: [UInt8], level: Int32, hasChecksum: Bool = false, isStreamed: Bool = false
    ) throws -> [UInt8] {
        let context = try #require(ZSTD_createCCtx())
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, hasChecksum ? 1 : 0)
        // a stream does not know its length, so its frame does not tell it
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, isStreamed ? 0 : 1)
        var packed = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let count = ZSTD_compress2(context, &packed, packed.count, bytes, bytes.count)
        try #require(ZSTD_isError(count) == 0)
        return Array(packed.prefix(count))
    }
}

/// Calls `body` with the path of a file that holds `bytes`.
func withTemporaryFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
    var name = Array("/tmp/customs-archive-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    try #require(descriptor >= 0)
    let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    var offset = 0
    while offset < bytes.count {
        let count = bytes.withUnsafeBytes {
            write(descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset)
        }
        try #require(count > 0)
        offset += count
    }
    close(descriptor)
    return try body(path)
}

func contents(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        try #require(count >= 0)
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// A key as a store has one.
let testKey: SipHash.Key = SipHash.Key(Array(0..<16)) ?? .random()
