import Glibc
import Journal
import Synchronization
import Testing

@Suite struct RoundTripTests {
    @Test func aReaderMayBeginWithinAFrame() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path)
        try append((0..<5).map { entry($0, length: 20) }, to: journal, tally: 7)
        try append((5..<8).map { entry($0, length: 20) }, to: journal)
        for first in 0...8 {
            let tally = UInt64(first < 5 ? first : first + 2)
            let delivered = try readAll(journal, from: JournalPosition(sequence: UInt64(first), tally: tally))
            #expect(delivered.entries == (first..<8).map { entry($0, length: 20) })
            #expect(delivered.sequences == (UInt64(first)..<8).map { $0 })
            #expect(delivered.skippedTally == 0)
        }
    }

    @Test func aReaderComesBackToItsBookmark() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 300))
        for frame in 0..<10 { try append((0..<3).map { entry(frame * 3 + $0, length: 40) }, to: journal) }
        #expect(directory.segments.count > 3)
        let reader = try journal.reader(at: nil)
        var mark = reader.bookmark(at: reader.position)
        for first in 0...30 {
            // from each entry on to the end, and back to the next
            reader.go(to: mark)
            var sequences: [UInt64] = []
            var next: JournalReader.Bookmark?
            while try reader.next({ frame in frame.forEach { sequence, _ in sequences.append(sequence) } }) {
                let position = JournalPosition(sequence: UInt64(first + 1), tally: UInt64(first + 1))
                next = next ?? reader.bookmark(at: position)
            }
            #expect(sequences == (UInt64(first)..<30).map { $0 })
            mark = next ?? mark
        }
    }

    @Test func whatIsAppendedIsReadInOrder() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 4_096))
        var expected: [[UInt8]] = []
        for number in 0..<200 {
            let entries = (0..<1 + number % 5).map { entry(number * 10 + $0, length: number * 7 % 300) }
            expected += entries
            try append(entries, to: journal)
        }
        let delivered = try readAll(journal)
        #expect(delivered.entries == expected)
        #expect(delivered.sequences == (0..<UInt64(expected.count)).map { $0 })
        #expect(delivered.skippedTally == 0)
        #expect(journal.head == JournalPosition(sequence: UInt64(expected.count), tally: UInt64(expected.count)))
        #expect(directory.segments.count > 5)
    }

    @Test func entriesOfAllSizes() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path)
        let entries = [[], [1], entry(1, length: 60_000), [], entry(2, length: 1 << 21)]
        try append(entries, to: journal)
        #expect(try readAll(journal).entries == entries)
    }

    @Test func anEmptyFrameChangesNothing() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path)
        #expect(try append([], to: journal) == JournalPosition(sequence: 0, tally: 0))
        #expect(try readAll(journal) == Delivered())
    }

    @Test func reopeningGoesOnWhereItEnded() throws {
        let directory = TemporaryDirectory()
        var identity = ""
        for round in 0..<5 {
            let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 512))
            if round == 0 { identity = journal.identity }
            #expect(journal.identity == identity)
            #expect(journal.notes == [])
            #expect(journal.head == JournalPosition(sequence: UInt64(round * 6), tally: UInt64(round * 9)))
            for number in 0..<3 { try append([[UInt8(round)], [UInt8(number)]], to: journal, tally: 3) }
            #expect(try readAll(journal).entries.count == (round + 1) * 6)
        }
        #expect(identity.utf8.count == 32)
    }

    @Test func aReaderBeginsAtAPosition() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 300))
        var positions = [journal.head]
        for number in 0..<50 { positions.append(try append([entry(number, length: 50)], to: journal)) }
        for (number, position) in positions.enumerated() {
            let delivered = try readAll(journal, from: position)
            #expect(delivered.sequences == (UInt64(number)..<50).map { $0 })
            #expect(delivered.skippedTally == 0)
        }
    }

    @Test func aReaderFollowsTheHead() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 400))
        let reader = try journal.reader(at: nil)
        for number in 0..<100 {
            #expect(try reader.next { _ in Issue.record("there is nothing yet") } == false)
            #expect(journal.waitForAppend(after: reader.position, timeoutMilliseconds: 0) == false)
            try append([entry(number, length: 60)], to: journal)
            #expect(journal.waitForAppend(after: reader.position, timeoutMilliseconds: 1_000))
            var found: [[UInt8]] = []
            #expect(try reader.next { frame in frame.forEach { found.append([UInt8]($1)) } })
            #expect(found == [entry(number, length: 60)])
            #expect(reader.position == journal.head)
        }
    }

    @Test func releasedSegmentsGoAndTheRestStays() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 400))
        var positions = [journal.head]
        for number in 0..<60 { positions.append(try append([entry(number, length: 60)], to: journal)) }
        let before = directory.segments.count
        journal.release(upTo: positions[30], keepingSequencesFrom: 20)
        #expect(journal.oldest.sequence <= 20)
        #expect(journal.oldest.sequence > 10)
        #expect(try readAll(journal).sequences == (journal.oldest.sequence..<60).map { $0 })
        journal.release(upTo: positions[30], keepingSequencesFrom: .max)
        #expect(journal.oldest.sequence <= 30)
        #expect(journal.oldest.sequence > 20)
        journal.release(upTo: journal.head, keepingSequencesFrom: .max)
        #expect(directory.segments.count == 1)
        #expect(before > 10)
        #expect(journal.byteCount == directory.read(directory.segments[0]).count)
        // the tally tells of entries that were asked for and are gone
        let delivered = try readAll(journal, from: positions[10])
        #expect(delivered.skippedTally + UInt64(delivered.entries.count) == 50)
    }

    @Test func aPositionBeyondTheHeadIsNotGivenTwice() throws {
        let directory = TemporaryDirectory()
        let ahead = JournalPosition(sequence: 1_000, tally: 1_500)
        do {
            let journal = try Journal(directory: directory.path)
            try append([[1]], to: journal)
            try journal.advance(to: ahead)
            #expect(journal.head == ahead)
            try journal.advance(to: JournalPosition(sequence: 3, tally: 3))
            #expect(journal.head == ahead)
            try append([[2]], to: journal)
        }
        let journal = try Journal(directory: directory.path)
        #expect(journal.head == JournalPosition(sequence: 1_001, tally: 1_501))
        let delivered = try readAll(journal, from: ahead)
        #expect(delivered.entries == [[2]])
        #expect(delivered.sequences == [1_000])
        #expect(delivered.skippedTally == 0)
    }

    @Test func manyThreadsAppendWhileOneReads() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 20_000))
        let failures = Mutex(0)
        let threads = (0..<4).map { number in
            startThread {
                for count in 0..<500 {
                    do { try append([[UInt8(number)], Array("\(count)".utf8)], to: journal) } catch {
                        failures.withLock { $0 += 1 }
                    }
                }
            }
        }
        let reader = try journal.reader(at: nil)
        var next = [0, 0, 0, 0]
        var frames = 0
        while frames < 2_000 {
            let found = try reader.next { frame in
                var entries: [[UInt8]] = []
                frame.forEach { entries.append([UInt8]($1)) }
                let thread = Int(entries[0][0])
                #expect(String(decoding: entries[1], as: UTF8.self) == "\(next[thread])")
                next[thread] += 1
                frames += 1
            }
            if !found { _ = journal.waitForAppend(after: reader.position, timeoutMilliseconds: 1_000) }
            if failures.withLock({ $0 }) > 0 { break }
        }
        for thread in threads { pthread_join(thread, nil) }
        #expect(failures.withLock { $0 } == 0)
        #expect(next == [500, 500, 500, 500])
        #expect(journal.head.tally == 4_000)
    }
}

/// A thread that can be joined.
private func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, Unmanaged.passRetained(Work(body)).toOpaque())
    return thread
}
