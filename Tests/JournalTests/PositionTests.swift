import Journal
import Testing

/// Where a reader begins, and what `release` and `advance` do to it.
@Suite struct PositionTests {
    @Test("every frame is found from its position, after reopening") func begin() throws {
        let written = try WrittenJournal(segments: 4, seed: 2)
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        for (index, frame) in written.frames.enumerated() {
            #expect(try readAll(journal, from: frame.before) == Delivered(written.frames[index...]))
        }
        let reader = try journal.reader(at: nil)
        for frame in written.frames {
            #expect(reader.position == frame.before)
            #expect(try reader.nextFrame() == Delivered([frame]))
            #expect(reader.position == frame.after)
        }
        #expect(try readAll(journal, from: written.head) == Delivered())
    }

    @Test("only segments wholly before the position are released, and the newest never") func release() throws {
        let written = try WrittenJournal(segments: 5, seed: 12)
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        let segments = written.directory.segments
        for frame in written.frames {
            journal.release(upTo: frame.after, keepingSequencesFrom: .max)
            let wanted = segments.filter { segment in
                segment == segments.last
                    || written.frames(in: segment).contains { $0.after.sequence > frame.after.sequence }
            }
            #expect(written.directory.segments == wanted)
            #expect(journal.byteCount == written.directory.segmentBytes)
            let left = written.frames.filter { $0.before.sequence >= frame.after.sequence }
            #expect(try readAll(journal, from: frame.after) == Delivered(left))
        }
        #expect(journal.head == written.head)
    }

    @Test("what is kept for memory's sake stays, until the journal is over half its bound") func memory() throws {
        let written = try WrittenJournal(segments: 5, seed: 13)
        let segments = written.directory.segments
        let third = try #require(written.frames(in: segments[2]).first)
        do {
            let journal = try Journal(directory: written.directory.path, limits: written.limits)
            journal.release(upTo: journal.head, keepingSequencesFrom: 0)
            #expect(written.directory.segments == segments)
            journal.release(upTo: journal.head, keepingSequencesFrom: third.before.sequence)
            #expect(written.directory.segments == segments.suffix(3))
            #expect(journal.oldest == third.before)
            // it is read from the oldest on, and tells no gap
            #expect(try readAll(journal).sequences.first == third.before.sequence)
            #expect(try readAll(journal).skippedTally == 0)
        }
        let size = written.directory.segmentBytes
        let tight = try Journal(
            directory: written.directory.path, limits: JournalLimits(segmentBytes: 500, maximumBytes: size))
        tight.release(upTo: tight.head, keepingSequencesFrom: 0)
        #expect(tight.byteCount <= size / 2)
        #expect(!written.directory.segments.contains(segments[2]))
    }

    @Test("a position before the oldest segment tells the gap by the tally, once") func gap() throws {
        let written = try WrittenJournal(segments: 4, seed: 14)
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        let kept = try #require(written.frames(in: written.directory.segments[2]).first)
        journal.release(upTo: kept.before, keepingSequencesFrom: .max)
        #expect(journal.oldest == kept.before)
        for frame in written.frames where frame.after.sequence <= kept.before.sequence {
            let reader = try journal.reader(at: frame.before)
            #expect(reader.position == frame.before)
            let first = try #require(try reader.nextFrame())
            #expect(first == Delivered([kept], skippedTally: kept.before.tally - frame.before.tally))
            while let further = try reader.nextFrame() { #expect(further.skippedTally == 0) }
            #expect(reader.position == written.head)
        }
    }

    @Test("a reader goes on when segments are released under it") func underReader() throws {
        let written = try WrittenJournal(segments: 4, seed: 15)
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        let reader = try journal.reader(at: nil)
        #expect(try reader.nextFrame() == Delivered([written.frames[0]]))
        journal.release(upTo: journal.head, keepingSequencesFrom: .max)
        let newest = try #require(written.directory.segments.last)
        #expect(written.directory.segments == [newest])
        // the segment that it has open is read to its end; the next is the one that is left
        let left = written.frames.dropFirst().filter { $0.segment == written.frames[0].segment || $0.segment == newest }
        var sequences: [UInt64] = []
        while let further = try reader.nextFrame() { sequences += further.sequences }
        #expect(sequences == Delivered(left).sequences)
        #expect(reader.position == written.head)
    }

    @Test("the head goes forward, never back") func advance() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path)
        try append([[1], [2]], to: journal, tally: 5)
        try journal.advance(to: beginning)
        try journal.advance(to: JournalPosition(sequence: 2, tally: 5))
        #expect(journal.head == JournalPosition(sequence: 2, tally: 5))
        #expect(directory.segments.count == 1)
        try journal.advance(to: JournalPosition(sequence: 10, tally: 3))
        #expect(journal.head == JournalPosition(sequence: 10, tally: 5))
        try journal.advance(to: JournalPosition(sequence: 4, tally: 30))
        // a segment is named by its first entry, so a number is passed over
        #expect(journal.head == JournalPosition(sequence: 11, tally: 30))
    }

    @Test("a head that was advanced is still there after reopening, without an append") func advanceReopened() throws {
        let directory = TemporaryDirectory()
        let stored = JournalPosition(sequence: 1_000, tally: 1_700)
        do {
            let journal = try Journal(directory: directory.path)
            try append([[1]], to: journal, tally: 7)
            try journal.advance(to: stored)
        }
        let journal = try Journal(directory: directory.path)
        #expect(journal.head == stored)
        #expect(try append([[2], [3]], to: journal) == JournalPosition(sequence: 1_002, tally: 1_702))
        let delivered = try readAll(journal, from: stored)
        #expect(delivered.entries == [[2], [3]])
        #expect(delivered.sequences == [1_000, 1_001])
        #expect(delivered.skippedTally == 0)
        // from the beginning, the distance is told as what is missing
        #expect(try readAll(journal, from: beginning).skippedTally == 1_693)
    }

    @Test("a journal that lost its tail goes on behind what its consumer has") func lostTail() throws {
        let written = try WrittenJournal(segments: 2, seed: 16)
        written.directory.cut(try #require(written.directory.segments.last), to: 70)
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        #expect(journal.head.sequence < written.head.sequence)
        try journal.advance(to: written.head)
        let frame = try appendAndLocate([[1], [2]], to: journal, tally: 2, in: written.directory)
        #expect(frame.before == written.head)
        #expect(try readAll(journal, from: written.head) == Delivered([frame]))
        // what was read before is released, and what has come stays
        journal.release(upTo: written.head, keepingSequencesFrom: .max)
        #expect(written.directory.segments == [frame.segment])
        #expect(try readAll(journal, from: written.head) == Delivered([frame]))
    }
}
