import Journal
import Testing

@Suite struct FrameTests {
    @Test("entries of 0 bytes and of 60 KB, in frames larger than a reader takes in at once, after reopening too")
    func sizes() throws {
        let directory = TemporaryDirectory()
        var random = Seeded(state: 3)
        let large = (0..<40).map { _ in random.bytes(60_000) }
        let frames = [[[]], large, [[], [], large[0], []]]
        do {
            let journal = try Journal(directory: directory.path)
            for frame in frames { try append(frame, to: journal) }
            #expect(try readAll(journal).entries == frames.flatMap { $0 })
        }
        let journal = try Journal(directory: directory.path)
        #expect(try readAll(journal).entries == frames.flatMap { $0 })
        #expect(journal.head == JournalPosition(sequence: 45, tally: 45))
    }

    @Test("an entry that spells out a segment of this very journal is an entry like any other") func ownSegment() throws
    {
        let written = try WrittenJournal(segments: 2, seed: 4)
        let segment = written.directory.read(try #require(written.directory.segments.first))
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        // at every place relative to the 8 bytes by which a reader goes on behind damage
        let entries = (0..<9).map { [UInt8](repeating: 0, count: $0) + segment }
        for entry in entries { try append([entry], to: journal) }
        #expect(try readAll(journal, from: written.head).entries == entries)
    }

    @Test("a builder is used again, after a refusal too") func reuse() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(
            directory: directory.path, limits: JournalLimits(segmentBytes: 1_000, maximumBytes: 1_000))
        let frame = FrameBuilder()
        let empty = frame.byteCount
        frame.append { $0 += [UInt8](repeating: 1, count: 5_000) }
        #expect(refusal { () throws(JournalError) in try journal.append(frame, tallyIncrease: 1) }?.isFull == true)
        frame.reset()
        #expect(frame.count == 0)
        #expect(frame.byteCount == empty)
        frame.append { $0 += [1, 2, 3] }
        #expect(frame.count == 1)
        try journal.append(frame, tallyIncrease: 1)
        // the same content once more: appending leaves the builder as it was
        try journal.append(frame, tallyIncrease: 1)
        #expect(try readAll(journal).entries == [[1, 2, 3], [1, 2, 3]])
    }

    @Test("a frame over the size that a reader accepts is refused") func oversizedFrame() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path)
        let frame = FrameBuilder()
        frame.append { $0 += [UInt8](repeating: 7, count: 64 << 20) }
        #expect(refusal { () throws(JournalError) in try journal.append(frame, tallyIncrease: 1) }?.isFull == true)
        #expect(journal.head == beginning)
        try append([[1]], to: journal)
        #expect(try readAll(journal).entries == [[1]])
    }

    @Test("an empty journal stays one over reopenings, in a directory made on the way") func emptyJournal() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/made/on/the/way"
        var identities: Set<String> = []
        for _ in 0..<3 {
            let journal = try Journal(directory: path)
            identities.insert(journal.identity)
            #expect(journal.head == beginning)
            #expect(journal.oldest == beginning)
            #expect(journal.notes == [])
            #expect(try readAll(journal) == Delivered())
            try journal.sync()
        }
        #expect(identities.count == 1)
        let journal = try Journal(directory: path)
        try append([[9]], to: journal)
        #expect(try readAll(journal).entries == [[9]])
    }
}
