import Journal
import Testing

/// What a crash leaves of the newest of several segments, for every place where writing can have ended.
@Suite struct TornTailTests {
    @Test("cut at every byte", arguments: [1, 2, 3]) func cut(segments: Int) throws {
        let written = try WrittenJournal(segments: segments, seed: UInt64(20 + segments))
        let newest = try #require(written.directory.segments.last)
        for length in 0...written.directory.size(of: newest) {
            let copy = TemporaryDirectory(copying: written.directory)
            copy.cut(newest, to: length)
            let whole = written.frames.filter { $0.segment != newest || $0.bytes.upperBound <= length }
            try expect(whole, in: copy, of: written, "cut at \(length)")
        }
    }

    /// A file system that had given the file its size, and had not yet written what was in it.
    @Test("zeros from every byte on") func zeros() throws {
        let written = try WrittenJournal(segments: 2, seed: 25)
        let newest = try #require(written.directory.segments.last)
        let original = written.directory.read(newest)
        for length in 0..<original.count {
            let copy = TemporaryDirectory(copying: written.directory)
            let bytes = Array(original[..<length]) + [UInt8](repeating: 0, count: original.count - length)
            copy.write(bytes, to: newest)
            // bytes that were zero before are no damage
            let header = 0..<WrittenFrame.segmentHeaderBytes
            let whole = written.frames.filter {
                $0.segment != newest || bytes[header] == original[header] && bytes[$0.guarded] == original[$0.guarded]
            }
            try expect(whole, in: copy, of: written, "zeros from \(length)")
        }
    }

    @Test("rubbish behind the last frame", arguments: [1, 7, 8, 55, 56, 1_000, 100_000]) func rubbish(count: Int) throws
    {
        let written = try WrittenJournal(segments: 2, seed: 26)
        let newest = try #require(written.directory.segments.last)
        var random = Seeded(state: UInt64(count))
        written.directory.write(written.directory.read(newest) + random.bytes(count), to: newest)
        try expect(written.frames, in: written.directory, of: written, "\(count) bytes of rubbish")
    }

    /// Exactly `whole` is read, the head is behind it, and the journal goes on from there as if nothing had been.
    private func expect(
        _ whole: [WrittenFrame], in directory: TemporaryDirectory, of written: WrittenJournal, _ what: Comment
    ) throws {
        let frame: WrittenFrame
        do {
            let journal = try Journal(directory: directory.path, limits: written.limits)
            #expect(journal.head == whole.last?.after ?? beginning, what)
            #expect(try readAll(journal) == Delivered(whole), what)
            #expect(journal.byteCount == directory.segmentBytes, what)
            frame = try appendAndLocate([[1, 2, 3], []], to: journal, tally: 5, in: directory)
            #expect(try readAll(journal, from: frame.before) == Delivered([frame]), what)
        }
        let journal = try Journal(directory: directory.path, limits: written.limits)
        #expect(journal.notes == [], what)
        #expect(journal.head == frame.after, what)
        #expect(try readAll(journal) == Delivered(whole + [frame]), what)
    }
}
