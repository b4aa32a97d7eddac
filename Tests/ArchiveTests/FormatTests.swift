import Archive
import Glibc
import Testing

/// Formats that cannot be imported, and files that are not archives of messages.
@Suite struct FormatTests {
    @Test(
        "other formats are refused by their name, with what to do",
        arguments: [
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0x00, 0x04], "xz -dc"),
            ([0x5D, 0x00, 0x00, 0x80, 0x00, 0xFF, 0xFF], "xz --format=lzma -dc"),
            (Array("BZh9".utf8) + [0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x01], "bzip2 -dc"),
            (Array("BZh9".utf8) + [0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 0, 0, 0, 0], "bzip2 -dc"),
            ([0x04, 0x22, 0x4D, 0x18, 0x64, 0x40], "lz4 -dc"), ([0x02, 0x21, 0x4C, 0x18, 0x01], "lz4 -dc"),
            // lz4 has skippable frames, too
            ([0x51, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 7, 0x04, 0x22, 0x4D, 0x18, 0x64, 0x40], "lz4 -dc"),
            (Array("LZIP".utf8) + [1, 12], "lzip -dc"), ([0x1F, 0x9D, 0x90], "gzip -dc"),
            (Array("PK\u{03}\u{04}".utf8), "unzip -p"), ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0], "7z x -so"),
            (Array("LPKSHHRH".utf8), "journalctl --file FILE -o cat"),
        ] as [([UInt8], String)])
    func foreign(bytes: [UInt8], command: String) throws {
        try withTemporaryFile(bytes + Array("{\"v\":1}\n".utf8)) { path in
            let error = #expect(throws: ArchiveError.self) { _ = try Archive(path: path, key: testKey) }
            guard case .unsupported(let why)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let whole = command.contains("FILE") ? command.replacing("FILE", with: path) : "\(command) \(path)"
            #expect(why.contains("\(whole) | customs import -"))
        }
    }

    @Test("a tar archive, packed or not, is refused by its name", arguments: [Packing.plain, .gzip, .zstd])
    func tar(packing: Packing) throws {
        var header = [UInt8](repeating: 0, count: 512)
        header.replaceSubrange(0..<7, with: Array("a.jsonl".utf8))
        header.replaceSubrange(257..<262, with: Array("ustar".utf8))
        try withTemporaryFile(try packing.pack(header + Array("{\"v\":1}\n".utf8))) { path in
            let error = #expect(throws: ArchiveError.self) { _ = try Archive(path: path, key: testKey) }
            #expect("\(error.map { "\($0)" } ?? "")".contains("tar -xOf \(path) | customs import -"))
        }
    }

    @Test("a name that means something to a shell is quoted") func quoted() throws {
        let path = "/tmp/customs it's-\(getpid()).xz"
        let file = try #require(fopen(path, "w"))
        fputs("\u{7F}", file)
        fclose(file)
        defer { unlink(path) }
        let bytes: [UInt8] = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
        let descriptor = open(path, O_WRONLY | O_TRUNC)
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
        let error = #expect(throws: ArchiveError.self) { _ = try Archive(path: path, key: testKey) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("'/tmp/customs it'\\''s-\(getpid()).xz'"))
    }

    @Test(
        "what follows compressed data is told, and is no part of it",
        arguments: [Packing.gzip, .gzipMembers, .zstd, .zstdFrames, .zstdSkippable],
        [("plain\ntext\n", 2), ("no end", 1), ("\n", 1), ("\u{0}\u{0}late\n", 1), ("BZh9", 1)])
    func trailing(packing: Packing, text: (String, lines: Int)) throws {
        let packed = try packing.pack(Array("one\ntwo\n".utf8))
        let identity = try withTemporaryFile(packed) { try Archive(path: $0, key: testKey).identity }
        try withTemporaryFile(packed + Array(text.0.utf8)) { path in
            let archive = try Archive(path: path, key: testKey)
            let bytes = text.0.utf8.drop { $0 == 0 }.count
            #expect(archive.trailing?.lines == text.lines && archive.trailing?.bytes == bytes)
            #expect(archive.identity == identity)
            #expect(try lines(of: path).map { $0.bytes } == [Array("one".utf8), Array("two".utf8)])
        }
    }

    @Test("nothing follows a plain file or a whole one", arguments: Packing.allCases)
    func noTrailing(packing: Packing) throws {
        let packed = try packing.pack(Array("one\ntwo\n".utf8))
        #expect(try withTemporaryFile(packed) { try Archive(path: $0, key: testKey).trailing } == nil)
    }
}

/// Archives that come through a pipe.
@Suite struct StreamTests {
    /// Calls `body` with the path of a FIFO that another process fills with these bytes.
    private func withPipe<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
        try withTemporaryFile(bytes) { path in
            let pipe = path + ".fifo"
            try #require(mkfifo(pipe, 0o600) == 0)
            defer { unlink(pipe) }
            let feeder = try #require(popen("cat \(path) > \(pipe) 2>/dev/null", "w"))
            defer { pclose(feeder) }
            return try body(pipe)
        }
    }

    @Test("read once, any number of readers have it as of a file", arguments: Packing.allCases)
    func whole(packing: Packing) throws {
        let text = Array((0..<90_000).map { "line \($0 * 7_919 % 1_000)\n" }.joined().utf8)
        let packed = try packing.pack(text)
        let identity = try withTemporaryFile(packed) { try Archive(path: $0, key: testKey).identity }
        try withPipe(packed) { path in
            let archive = try Archive(path: path, key: testKey)
            #expect(archive.identity == identity)
            for _ in 0..<2 {
                let reader = archive.reader()
                var found: [Line] = []
                while try reader.nextLine({ bytes, length in found.append(Line(bytes: Array(bytes), length: length)) })
                {}
                #expect(found == expectedLines(text))
                #expect(reader.fileOffset == reader.fileBytes)
            }
        }
    }

    @Test("an empty one, one that is cut short, and one that is no archive") func bad() throws {
        let empty = try withPipe([]) { try Archive(path: $0, key: testKey).formerIdentity }
        #expect(empty == "archive:ef46db3751d8e999d5afba1336a3be4b")
        let packed = try Packing.gzip.pack(Array("one\ntwo\n".utf8))
        for bytes in [Array(packed.dropLast(3)), [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]] {
            #expect(throws: ArchiveError.self) { try withPipe(bytes) { _ = try Archive(path: $0, key: testKey) } }
        }
    }
}
