import Journal
import Testing

/// `JournalLimits.maximumBytes`: what would pass it is refused, and accepted when there is room again.
@Suite struct BoundTests {
    /// Appends until the journal refuses, which must leave everything as it was.
    private func fill(
        _ journal: Journal, in directory: TemporaryDirectory, random: inout Seeded
    ) throws -> [[UInt8]] {
        var accepted: [[UInt8]] = []
        while true {
            let entries = (0..<1 + random.below(4)).map { _ in random.bytes(random.below(300)) }
            let head = journal.head
            let refused = refusal { () throws(JournalError) in try append(entries, to: journal) }
            #expect(journal.byteCount == directory.segmentBytes)
            if let refused {
                #expect(refused.isFull)
                #expect(journal.head == head)
                return accepted
            }
            accepted += entries
        }
    }

    @Test("filled and released again and again, never a byte over the bound", arguments: [3_000, 10_000, 10_007])
    func bound(maximumBytes: Int) throws {
        let directory = TemporaryDirectory()
        var random = Seeded(state: 40)
        var position = beginning
        for _ in 0..<10 {
            let journal = try Journal(
                directory: directory.path, limits: JournalLimits(segmentBytes: 1_000, maximumBytes: maximumBytes))
            for _ in 0..<5 {
                journal.release(upTo: position, keepingSequencesFrom: .max)
                let accepted = try fill(journal, in: directory, random: &random)
                #expect(accepted.isEmpty == false)
                #expect(journal.byteCount <= maximumBytes)
                // less than a frame was missing
                #expect(journal.byteCount > maximumBytes - 1_400)
                let delivered = try readAll(journal, from: position)
                #expect(delivered.entries == accepted)
                #expect(delivered.skippedTally == 0)
                position = journal.head
            }
        }
    }

    @Test("nothing that is unread is given up, however often the journal is full") func unread() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(
            directory: directory.path, limits: JournalLimits(segmentBytes: 500, maximumBytes: 5_000))
        var random = Seeded(state: 41)
        let accepted = try fill(journal, in: directory, random: &random)
        let reader = try journal.reader(at: nil)
        for _ in 0..<3 { _ = try reader.nextFrame() }
        journal.release(upTo: reader.position, keepingSequencesFrom: 0)
        var more: [[UInt8]] = []
        for _ in 0..<5 { more += try fill(journal, in: directory, random: &random) }
        #expect(more.isEmpty == false)
        let left = (accepted + more).dropFirst(Int(reader.position.sequence))
        #expect(try readAll(journal, from: reader.position).entries == Array(left))
    }

    @Test("what is kept for memory's sake makes way") func memory() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(
            directory: directory.path, limits: JournalLimits(segmentBytes: 500, maximumBytes: 5_000))
        var random = Seeded(state: 42)
        while journal.byteCount < 2_000 { try append([random.bytes(100)], to: journal) }
        let kept = directory.segments
        journal.release(upTo: journal.head, keepingSequencesFrom: 0)
        #expect(directory.segments == kept)
        let position = journal.head
        // larger than the room that is left, smaller than the bound
        let large = random.bytes(4_000)
        try append([large], to: journal)
        #expect(Set(directory.segments).isDisjoint(with: kept.dropLast()))
        #expect(journal.byteCount <= 5_000)
        #expect(journal.byteCount == directory.segmentBytes)
        #expect(try readAll(journal, from: position).entries == [large])
    }

    @Test("a bound below a segment's size is no dead end", arguments: [1, 40, 1_000]) func belowSegment(size: Int)
        throws
    {
        let directory = TemporaryDirectory()
        var position = beginning
        for round in 0..<10 as Range<UInt8> {
            let journal = try Journal(
                directory: directory.path, limits: JournalLimits(segmentBytes: 1 << 20, maximumBytes: 3_000))
            #expect(journal.head == position)
            journal.release(upTo: position, keepingSequencesFrom: 0)
            let entry = [UInt8](repeating: round, count: size)
            var count = 0
            while refusal({ () throws(JournalError) in try append([entry], to: journal) }) == nil { count += 1 }
            #expect(count > 0)
            #expect(journal.byteCount <= 3_000)
            #expect(try readAll(journal, from: position).entries == [[UInt8]](repeating: entry, count: count))
            position = journal.head
        }
        #expect(directory.segments.count == 1)
    }

    @Test("for a frame that can never fit, nothing is given up") func neverFits() throws {
        let written = try WrittenJournal(segments: 4, seed: 43)
        let journal = try Journal(
            directory: written.directory.path, limits: JournalLimits(segmentBytes: 500, maximumBytes: 6_000))
        journal.release(upTo: journal.head, keepingSequencesFrom: 0)
        let segments = written.directory.segments
        let large = [UInt8](repeating: 0, count: 6_000)
        #expect(refusal { () throws(JournalError) in try append([large], to: journal) }?.isFull == true)
        #expect(written.directory.segments == segments)
        #expect(try readAll(journal) == Delivered(written.frames))
    }

    @Test("opened with a smaller bound than it has: refuses until released") func smallerBound() throws {
        let written = try WrittenJournal(segments: 4, seed: 44)
        let journal = try Journal(
            directory: written.directory.path, limits: JournalLimits(segmentBytes: 500, maximumBytes: 600))
        #expect(refusal { () throws(JournalError) in try append([[1]], to: journal) }?.isFull == true)
        #expect(try readAll(journal) == Delivered(written.frames))
        journal.release(upTo: journal.head, keepingSequencesFrom: .max)
        try append([[1]], to: journal)
        #expect(try readAll(journal, from: written.head).entries == [[1]])
    }
}
