import Checksum
import Glibc

/// An archive, opened once. The content of a pipe is read once and kept in a file, so that several readers can use it.
public final class Archive {
    /// The archive's name in messages.
    public let name: String
    /// Tells this archive's content from any other; the file's name and its compression do not matter.
    public let identity: String
    /// The identity of this content in stores of version 1.
    public let formerIdentity: String
    /// Data after the compressed data; nil if there is none.
    public let trailing: TrailingData?

    /// The file's path; nil for standard input.
    private let path: String?
    private let descriptor: Descriptor
    private let extent: RawBytes.Extent
    private let bytes: Int

    /// Reads the archive from front to back once.
    ///
    /// - Parameters:
    ///   - path: `-` for standard input.
    ///   - key: that of the store, so that no one else can tell an archive's identity.
    /// - Throws: `ArchiveError`.
    public init(path: String, key: SipHash.Key) throws(ArchiveError) {
        self.path = path == "-" ? nil : path
        name = self.path ?? "standard input"
        let opened = path == "-" ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw .cannotOpen("\(name): \(SystemError())") }
        let source = Descriptor(opened)
        var status = stat()
        guard fstat(opened, &status) == 0 else { throw .cannotOpen("\(name): \(SystemError())") }
        if status.st_mode & S_IFMT == S_IFDIR { throw .cannotOpen("\(name): it is a directory") }
        var content = ArchiveIdentity(key: key)
        if status.st_mode & S_IFMT == S_IFREG {
            let start = Int(max(0, lseek(opened, 0, SEEK_CUR)))
            // files that the kernel generates, as in /proc, have no length
            let end = status.st_size > 0 ? Int(status.st_size) : nil
            extent = .file(start: start, end: end)
            bytes = max(0, Int(status.st_size) - start)
            descriptor = source
            trailing = try content.add(UnpackedBytes(RawBytes(source, extent), path: self.path), self.path) { _ in }
        } else {
            let kept = try KeptStream(of: name)
            trailing = try content.add(UnpackedBytes(RawBytes(source, .stream), path: self.path), self.path) {
                (chunk) throws(ArchiveError) in try kept.append(chunk)
            }
            (descriptor, bytes) = try kept.finish()
            extent = .file(start: 0, end: bytes)
        }
        identity = content.text
        formerIdentity = content.formerText
    }

    /// A reader of its lines, from the first one on.
    public func reader() -> ArchiveReader {
        ArchiveReader(UnpackedBytes(RawBytes(descriptor, extent), path: path), fileBytes: bytes)
    }
}

extension ArchiveIdentity {
    /// Adds all content of a source, and gives each chunk to `body`.
    ///
    /// - Returns: data after the compressed data.
    fileprivate mutating func add(
        _ source: UnpackedBytes, _ path: String?, _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) -> TrailingData? {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: ArchiveIdentity.chunkBytes, alignment: 16)
        defer { chunk.deallocate() }
        var isFirst = true
        while true {
            var filled = 0
            // each chunk but the last is whole, even if the source's reads are shorter
            while filled < chunk.count {
                let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: chunk[filled...]))
                if count == 0 { break }
                filled += count
            }
            let read = UnsafeRawBufferPointer(rebasing: chunk[..<filled])
            if isFirst, let foreign = FileFormat.foreignContents(read) { throw foreign.complaint(about: path) }
            isFirst = false
            add(read)
            try body(read)
            if filled < chunk.count { return source.trailing }
        }
    }
}
