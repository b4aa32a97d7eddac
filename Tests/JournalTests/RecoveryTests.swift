import Journal
import Testing

@Suite struct RecoveryTests {
    /// Frames of one to three entries in one segment, and the ends of the frames in it.
    private func smallJournal(_ directory: TemporaryDirectory, frames: Int) throws -> (
        entries: [[[UInt8]]], ends: [Int]
    ) {
        let journal = try Journal(directory: directory.path)
        var written: [[[UInt8]]] = []
        var ends = [journal.byteCount]
        for number in 0..<frames {
            let entries = (0...number % 3).map { entry(number * 3 + $0, length: 20 + number % 7) }
            try append(entries, to: journal)
            written.append(entries)
            ends.append(journal.byteCount)
        }
        return (written, ends)
    }

    @Test func theLastSegmentMayEndAtAnyByte() throws {
        let source = TemporaryDirectory()
        let (written, ends) = try smallJournal(source, frames: 12)
        let name = try #require(source.segments.first)
        let bytes = source.read(name)
        let identity = source.read("identity")
        #expect(bytes.count == ends.last)
        for length in 0...bytes.count {
            let directory = TemporaryDirectory()
            directory.write(identity, to: "identity")
            directory.write(Array(bytes[..<length]), to: name)
            let journal = try Journal(directory: directory.path)
            let whole = ends.dropFirst().filter { $0 <= length }.count
            let expected = written[..<whole].flatMap { $0 }
            #expect(try readAll(journal).entries == expected, "cut at \(length)")
            #expect(journal.head.sequence == UInt64(expected.count))
            // and it goes on from there
            try append([[0xAB]], to: journal)
            let delivered = try readAll(journal)
            #expect(delivered.entries == expected + [[0xAB]], "cut at \(length)")
            #expect(delivered.skippedTally == 0)
        }
    }

    @Test func aSecondSegmentMayEndAtAnyByteToo() throws {
        let source = TemporaryDirectory()
        do {
            let journal = try Journal(directory: source.path, limits: JournalLimits(segmentBytes: 200))
            for number in 0..<2 { try append([entry(number, length: 100)], to: journal) }
        }
        #expect(source.segments.count == 2)
        let first = source.segments[0]
        let second = source.segments[1]
        let bytes = source.read(second)
        for length in 0...bytes.count {
            let directory = TemporaryDirectory()
            directory.write(source.read("identity"), to: "identity")
            directory.write(source.read(first), to: first)
            directory.write(Array(bytes[..<length]), to: second)
            let journal = try Journal(directory: directory.path)
            let expected = length == bytes.count ? 2 : 1
            #expect(try readAll(journal).entries.count == expected, "cut at \(length)")
            try append([[7]], to: journal)
            #expect(try readAll(journal).entries.last == [7])
            #expect(try readAll(journal).entries.count == expected + 1)
        }
    }

    @Test func noDamagedByteGoesUnnoticed() throws {
        let source = TemporaryDirectory()
        var written: [[UInt8]] = []
        do {
            let journal = try Journal(directory: source.path, limits: JournalLimits(segmentBytes: 500))
            for number in 0..<12 {
                let entries = (0...number % 2).map { entry(number * 2 + $0, length: 40) }
                written += entries
                try append(entries, to: journal)
            }
        }
        #expect(source.segments.count >= 3)
        for name in source.segments {
            let bytes = source.read(name)
            for offset in bytes.indices {
                let directory = TemporaryDirectory()
                for other in source.names where other != "lock" { directory.write(source.read(other), to: other) }
                var damaged = bytes
                damaged[offset] ^= 0x5A
                directory.write(damaged, to: name)
                let journal = try Journal(directory: directory.path)
                // the length of a torn end is unknown; a consumer that had read it knows its position
                try journal.advance(to: JournalPosition(sequence: 18, tally: 18))
                try append([[0xEE]], to: journal)
                let delivered = try readAll(journal, from: JournalPosition(sequence: 0, tally: 0))
                #expect(delivered.entries.last == [0xEE], "\(name) at \(offset)")
                for (sequence, found) in zip(delivered.sequences, delivered.entries).dropLast() {
                    #expect(found == written[Int(sequence)], "\(name) at \(offset)")
                }
                #expect(
                    UInt64(delivered.entries.count) + delivered.skippedTally == UInt64(written.count) + 1,
                    "\(name) at \(offset)")
            }
        }
    }

    @Test("a hole before the last frame, which a crash may leave, gives no entry number twice")
    func aHoleLeavesTheHead() throws {
        let directory = TemporaryDirectory()
        let (written, ends) = try smallJournal(directory, frames: 12)
        let count = written.reduce(0) { $0 + $1.count }
        let name = try #require(directory.segments.first)
        var bytes = directory.read(name)
        for place in ends[0]..<ends[11] { bytes[place] = 0 }
        directory.write(bytes, to: name)
        let journal = try Journal(directory: directory.path)
        #expect(journal.head == JournalPosition(sequence: UInt64(count), tally: UInt64(count)))
        try append([[0xAB]], to: journal)
        let delivered = try readAll(journal)
        #expect(delivered.entries == written[11] + [[0xAB]])
        #expect(delivered.skippedTally == UInt64(count - written[11].count))
        #expect(delivered.sequences.last == UInt64(count))
    }

    @Test func aMissingSegmentIsToldByTheTally() throws {
        let directory = TemporaryDirectory()
        do {
            let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 300))
            for number in 0..<20 { try append([entry(number, length: 60)], to: journal, tally: 3) }
        }
        let lost = directory.segments[2]
        let journalBytes = directory.read(lost)
        #expect(journalBytes.count > 0)
        directory.write([], to: lost)
        let journal = try Journal(directory: directory.path)
        #expect(journal.notes.count == 1)
        #expect(directory.names.contains(lost + ".damaged"))
        let delivered = try readAll(journal)
        #expect(UInt64(delivered.entries.count) * 3 + delivered.skippedTally == 60)
        #expect(delivered.skippedTally > 0)
    }

    @Test func bytesThatLookLikeAFrameAreNone() throws {
        let other = TemporaryDirectory()
        do {
            let journal = try Journal(directory: other.path)
            try append([Array("forged".utf8)], to: journal)
        }
        // a whole frame of another journal, appended as an entry's bytes, after a frame that is then damaged
        let forged = Array(other.read(other.segments[0]).dropFirst(64))
        let directory = TemporaryDirectory()
        var end = 0
        do {
            let journal = try Journal(directory: directory.path)
            for shift in 0..<8 { try append([[UInt8](repeating: 0, count: shift) + forged], to: journal) }
            end = journal.byteCount
            try append([[1]], to: journal)
        }
        let name = directory.segments[0]
        var bytes = directory.read(name)
        #expect(bytes.count > end)
        for offset in stride(from: 64, to: end, by: 8)
        where bytes[offset..<offset + 4].elementsEqual([0x46, 0x52, 0x41, 0x4D]) {
            bytes[offset + 16] ^= 1
        }
        directory.write(bytes, to: name)
        let journal = try Journal(directory: directory.path)
        let delivered = try readAll(journal)
        #expect(delivered.entries == [[1]])
        #expect(delivered.skippedTally == 8)
    }

    @Test func aModelOfItAgrees() throws {
        for seed in 1...6 { try followModel(seed: UInt64(seed)) }
    }

    /// Random operations on the journal and on a list. The kernel holds all appended bytes, so reopening finds all of
    /// them.
    private func followModel(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let directory = TemporaryDirectory()
        let limits = JournalLimits(segmentBytes: 2_000, maximumBytes: 9_000)
        var journal: Journal? = try Journal(directory: directory.path, limits: limits)
        var model: [(sequence: UInt64, entry: [UInt8], tally: UInt64)] = []
        var head = JournalPosition(sequence: 0, tally: 0)
        var consumed = head
        var refused = 0
        for step in 0..<600 {
            let choice = Int.random(in: 0..<10, using: &random)
            if choice == 9 {
                // the lock goes with the last owner
                journal = nil
                journal = try Journal(directory: directory.path, limits: limits)
                #expect(journal?.head == head)
                continue
            }
            let open = try #require(journal)
            switch choice {
            case 0...5:
                let entries = (0..<Int.random(in: 1...6, using: &random)).map { number in
                    entry(step * 10 + number, length: Int.random(in: 0...400, using: &random))
                }
                let growth = UInt64.random(in: 0...9, using: &random)
                do {
                    let position = try append(entries, to: open, tally: growth)
                    for (number, entry) in entries.enumerated() {
                        model.append((head.sequence + UInt64(number), entry, head.tally + growth))
                    }
                    head = JournalPosition(sequence: head.sequence + UInt64(entries.count), tally: head.tally + growth)
                    #expect(position == head)
                } catch {
                    #expect(error.isFull)
                    refused += 1
                    open.release(upTo: consumed, keepingSequencesFrom: .max)
                }
                #expect(open.head == head)
                #expect(open.byteCount <= limits.maximumBytes)
            case 6 where step % 8 == 0: try open.sync()
            case 7:
                let delivered = try readAll(open, from: consumed)
                let expected = model.filter { $0.sequence >= consumed.sequence }
                #expect(delivered.entries == expected.map { $0.entry })
                #expect(delivered.skippedTally == 0)
                consumed = head
            default: open.release(upTo: consumed, keepingSequencesFrom: consumed.sequence)
            }
        }
        #expect(refused > 0)
        #expect(head.sequence > 300)
    }
}
