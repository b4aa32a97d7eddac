import Glibc

/// The format of a file, recognised by its first bytes.
enum FileFormat: Equatable {
    case plain
    /// RFC 1952.
    case gzip
    /// RFC 8878; also skippable frames, with which pzstd's files begin.
    case zstd
    /// A known format that cannot be imported.
    case foreign(Foreign)

    struct Foreign: Equatable {
        /// The end of a sentence about the file.
        let description: String
        /// A shell command that writes importable lines; `FILE` stands for the file's name.
        let command: String
    }

    /// The number of bytes that recognise a compressed file.
    static let headBytes = 16

    /// - Parameter head: the first `headBytes` bytes, or the whole file if it is shorter.
    init(head: UnsafeRawBufferPointer) {
        func begins(_ magic: [UInt8]) -> Bool {
            head.count >= magic.count && head.prefix(magic.count).elementsEqual(magic)
        }
        let isSkippable = head.count >= 4 && head[0] & 0xF0 == 0x50 && begins([head[0], 0x2A, 0x4D, 0x18])
        if begins([0x1F, 0x8B]) {
            self = .gzip
        } else if isSkippable || begins([0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstd
        } else if begins(Array("BZh".utf8)), head.count >= 10,
            Self.bzip2Marks.contains(where: head[4..<10].elementsEqual)
        {
            self = .foreign(Self.compressed("bzip2", "bzip2 -dc FILE"))
        } else if let known = Self.foreign.first(where: { begins($0.magic) }) {
            self = .foreign(known.format)
        } else {
            self = .plain
        }
    }

    /// Whether these bytes begin another member or frame, but end within its magic number.
    ///
    /// - Parameter rest: the rest of a file.
    static func isCutShort(_ rest: UnsafeRawBufferPointer) -> Bool {
        if rest.isEmpty || rest.count > 3 { return false }
        let marks: [[UInt8]] =
            [[0x1F, 0x8B], [0x28, 0xB5, 0x2F, 0xFD]] + (0x50...0x5F).map { [$0, 0x2A, 0x4D, 0x18] }
        return marks.contains { $0.prefix(rest.count).elementsEqual(rest) }
    }

    /// The format of unpacked bytes that are not lines; nil for lines.
    ///
    /// - Parameter head: the first 512 bytes or more, or the whole content if it is shorter.
    static func foreignContents(_ head: UnsafeRawBufferPointer) -> Foreign? {
        // POSIX.1-1988, tar's header: "ustar" at offset 257
        guard head.count >= 512, head[257..<262].elementsEqual("ustar".utf8) else { return nil }
        return Foreign(description: "is a tar archive", command: "tar -xOf FILE")
    }

    /// The magic numbers after "BZh" and the block size: of a block, and of the end.
    private static let bzip2Marks: [[UInt8]] = [
        [0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x17, 0x72, 0x45, 0x38, 0x50, 0x90],
    ]

    private static let foreign: [(magic: [UInt8], format: Foreign)] = [
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], compressed("xz", "xz -dc FILE")),
        ([0x5D, 0x00, 0x00], compressed("lzma", "xz --format=lzma -dc FILE")),
        (Array("LZIP".utf8), compressed("lzip", "lzip -dc FILE")),
        ([0x04, 0x22, 0x4D, 0x18], compressed("lz4", "lz4 -dc FILE")),
        ([0x02, 0x21, 0x4C, 0x18], compressed("lz4", "lz4 -dc FILE")),
        ([0x89, 0x4C, 0x5A, 0x4F, 0x00], compressed("lzop", "lzop -dc FILE")),
        ([0xFF, 0x06, 0x00, 0x00, 0x73, 0x4E, 0x61, 0x50, 0x70, 0x59], compressed("snappy", "snzip -dc FILE")),
        ([0x1F, 0x9D], compressed("compress", "gzip -dc FILE")),
        ([0x1F, 0x1E], compressed("pack", "gzip -dc FILE")),
        (Array("PK\u{03}\u{04}".utf8), Foreign(description: "is a zip archive", command: "unzip -p FILE")),
        (
            [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C],
            Foreign(description: "is a 7z archive", command: "7z x -so FILE")
        ),
        (
            Array("LPKSHHRH".utf8),
            Foreign(description: "is a journal of systemd", command: "journalctl --file FILE -o cat")
        ),
    ]

    private static func compressed(_ name: String, _ command: String) -> Foreign {
        Foreign(description: "is compressed by \(name)", command: command)
    }
}

extension FileFormat.Foreign {
    /// - Parameter path: nil for standard input.
    func complaint(about path: String?) -> ArchiveError {
        let command = command.replacing("FILE", with: path.map(quoted) ?? "FILE")
        return .unsupported(
            "\(path ?? "standard input") \(description), which cannot be imported directly; unpack it first: "
                + "\(command) | customs import -")
    }

    /// The path as one word for the shell.
    private func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy {
            (0x2B...0x3A).contains($0) || (0x40...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
        }
        return isPlain && !path.hasPrefix("-") ? path : "'\(path.replacing("'", with: "'\\''"))'"
    }
}
