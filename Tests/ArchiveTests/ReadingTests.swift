import Archive
import SampleRecords
import Testing

/// A line as the reader delivers it.
struct Line: Equatable {
    let bytes: [UInt8]
    let length: Int
}

func lines(of path: String) throws -> [Line] {
    let reader = try Archive(path: path, key: testKey).reader()
    var lines: [Line] = []
    while try reader.nextLine({ bytes, length in lines.append(Line(bytes: Array(bytes), length: length)) }) {}
    return lines
}

/// The lines of these bytes, found without a buffer.
func expectedLines(_ bytes: [UInt8]) -> [Line] {
    var pieces = bytes.split(separator: 10, omittingEmptySubsequences: false)
    if pieces.last?.isEmpty == true { pieces.removeLast() }
    return pieces.map { Line(bytes: Array($0.prefix(ArchiveReader.maximumLine)), length: $0.count) }
}

@Suite struct ReadingTests {
    static let texts: [[UInt8]] = [
        [], Array("\n".utf8), Array("\n\n".utf8), Array("one line".utf8), Array("one line\n".utf8),
        Array("a\n\nb\r\nc\u{0}d\né\n".utf8), [0xFF, 10, 0xFE],
        // the first bytes of gzip and zstd, cut short
        [0x1F], [0x28, 0xB5, 0x2F],
    ]

    @Test("small archives", arguments: Packing.allCases, texts)
    func small(packing: Packing, text: [UInt8]) throws {
        let found = try withTemporaryFile(try packing.pack(text)) { try lines(of: $0) }
        #expect(found == expectedLines(text))
    }

    @Test("large archives of lines of all lengths", arguments: Packing.allCases, [1, 2] as [UInt64])
    func large(packing: Packing, seed: UInt64) throws {
        var random = FixedRandom(seed: seed)
        var text: [UInt8] = []
        while text.count < 5 << 20 {
            // mostly lines of records' length, some around the longest allowed and the reader's buffer
            let count =
                random.once(in: 200) ? [65_535, 65_536, 65_537, 1 << 20, 3 << 20][random.below(5)] : random.below(900)
            // repeated bytes compress well, so that a little input unpacks to much output
            text += random.once(in: 2) ? [UInt8](repeating: 120, count: count) : random.bytes(count).map { $0 | 32 }
            text.append(10)
        }
        if seed == 1 { text.removeLast() }
        let found = try withTemporaryFile(try packing.pack(text)) { try lines(of: $0) }
        #expect(found == expectedLines(text))
    }

    @Test("much from little: a frame that ends while the reader's buffer is full", arguments: Packing.allCases)
    func expanding(packing: Packing) throws {
        for count in [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, (1 << 20) + 70_000, 3 << 20, 8 << 20] {
            // lines of 100 bytes, so that the reader's buffer is hardly ever empty when it is filled again
            let text = (0..<count).map { $0 % 100 == 99 ? 10 : 120 as UInt8 }
            let found = try withTemporaryFile(try packing.pack(text)) { try lines(of: $0) }
            #expect(found.count == (count + 99) / 100 && found == expectedLines(text), "\(count) bytes")
        }
    }

    @Test("a line that is too long is cut, its length told, and the next one whole", arguments: Packing.allCases)
    func longLine(packing: Packing) throws {
        for length in [65_536, 65_537, 1_048_576, 4_000_000] {
            let text = Array("before\n".utf8) + [UInt8](repeating: 120, count: length) + Array("\nafter".utf8)
            let found = try withTemporaryFile(try packing.pack(text)) { try lines(of: $0) }
            #expect(found.map { $0.length } == [6, length, 5])
            #expect(found.map { $0.bytes.count } == [6, 65_536, 5])
            #expect(found.last?.bytes == Array("after".utf8))
        }
    }

    @Test("progress goes up to the size of the file", arguments: Packing.allCases)
    func progress(packing: Packing) throws {
        var random = FixedRandom(seed: 3)
        let packed = try packing.pack(random.bytes(2 << 20))
        try withTemporaryFile(packed) { path in
            let reader = try Archive(path: path, key: testKey).reader()
            #expect(reader.fileBytes == packed.count)
            var last = 0
            while try reader.nextLine({ _, _ in }) {
                #expect(reader.fileOffset >= last && reader.fileOffset <= packed.count)
                last = reader.fileOffset
            }
            #expect(reader.fileOffset == packed.count)
        }
    }

    @Test("what cannot be opened is told", arguments: ["/nowhere/at/all.gz", "/tmp"])
    func cannotOpen(path: String) {
        let error = #expect(throws: ArchiveError.self) { _ = try Archive(path: path, key: testKey) }
        if case .cannotOpen(let why)? = error {
            #expect(why.contains(path))
        } else {
            Issue.record("\(String(describing: error))")
        }
    }
}
