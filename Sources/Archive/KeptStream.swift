import CZstd
import Glibc

/// The content of a pipe, kept compressed in a temporary file without a name, because it may be large.
final class KeptStream {
    private let name: String
    private let directory: String
    private let descriptor: Descriptor
    private let context: OpaquePointer
    private let packed = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    private var bytes = 0

    /// - Parameter name: the stream's name for errors.
    /// - Throws: `ArchiveError.cannotKeep`.
    init(of name: String) throws(ArchiveError) {
        self.name = name
        let chosen = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        // /tmp is often in memory
        directory = chosen.isEmpty ? "/var/tmp" : chosen
        var template = Array("\(directory)/customs-import-XXXXXX".utf8CString)
        let opened = mkstemp(&template)
        guard opened >= 0 else {
            throw .cannotKeep("\(name) in \(directory): \(SystemError()); set TMPDIR to a directory that has room")
        }
        descriptor = Descriptor(opened)
        unlink(template)
        _ = fcntl(opened, F_SETFD, FD_CLOEXEC)
        guard let context = ZSTD_createCCtx() else { throw .cannotKeep("\(name): out of memory") }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1)
    }

    deinit {
        ZSTD_freeCCtx(context)
        packed.deallocate()
    }

    func append(_ chunk: UnsafeRawBufferPointer) throws(ArchiveError) { try pack(chunk, ZSTD_e_continue) }

    /// Ends the file.
    ///
    /// - Returns: the file, which is one zstd frame, and its length.
    func finish() throws(ArchiveError) -> (Descriptor, bytes: Int) {
        try pack(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end)
        return (descriptor, bytes)
    }

    private func pack(_ chunk: UnsafeRawBufferPointer, _ directive: ZSTD_EndDirective) throws(ArchiveError) {
        var source = ZSTD_inBuffer(src: chunk.baseAddress, size: chunk.count, pos: 0)
        while true {
            var target = ZSTD_outBuffer(dst: packed.baseAddress, size: packed.count, pos: 0)
            let left = ZSTD_compressStream2(context, &target, &source, directive)
            guard ZSTD_isError(left) == 0 else {
                throw .cannotKeep("\(name): \(String(cString: ZSTD_getErrorName(left)))")
            }
            try write(UnsafeRawBufferPointer(rebasing: packed[..<target.pos]))
            if directive == ZSTD_e_end ? left == 0 : source.pos == source.size { return }
        }
    }

    private func write(_ piece: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = piece[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor.number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            guard count > 0 || errno == EINTR else {
                throw .cannotKeep("\(name) in \(directory): \(SystemError()); set TMPDIR to a directory that has room")
            }
            rest = rest.dropFirst(max(0, count))
            bytes += max(0, count)
        }
    }
}
