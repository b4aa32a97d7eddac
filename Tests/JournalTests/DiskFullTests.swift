import Journal
import Testing

/// A disk that has no room (`ENOSPC`), which no bound of the journal's own foresaw.
///
/// A full disk cannot be had without a small one, and to mount one takes root; elsewhere these tests are not run.
@Suite(.enabled(if: SmallFileSystem.canBeMounted, "a file system of 1 MB cannot be mounted: this takes root"))
struct DiskFullTests {
    private let limits = JournalLimits(segmentBytes: 100_000, maximumBytes: 1 << 30)

    /// Appends frames of some 20 KB until the disk is full, which must leave everything as it was.
    private func fill(_ journal: Journal, on disk: SmallFileSystem, random: inout Seeded) throws -> [[UInt8]] {
        var accepted: [[UInt8]] = []
        while true {
            let entries = (0..<3).map { _ in random.bytes(6_000 + random.below(2_000)) }
            let head = journal.head
            let refused = refusal { () throws(JournalError) in try append(entries, to: journal) }
            // a frame of which only a part could be written is cut off again
            #expect(journal.byteCount == disk.directory.segmentBytes)
            if let refused {
                #expect(refused.isFull)
                #expect(journal.head == head)
                return accepted
            }
            accepted += entries
        }
    }

    @Test("in the middle of a frame: sound, readable, reopened, and going on when others make room") func midFrame()
        throws
    {
        let disk = try SmallFileSystem()
        disk.directory.write([UInt8](repeating: 1, count: 300_000), to: "of somebody else")
        var random = Seeded(state: 50)
        var accepted: [[UInt8]] = []
        do {
            let journal = try Journal(directory: disk.directory.path, limits: limits)
            accepted += try fill(journal, on: disk, random: &random)
            // there is room for the frame's beginning, so that it was written in part
            #expect(disk.freeBytes > 0)
            #expect(disk.freeBytes < 25_000)
            for _ in 0..<10 { accepted += try fill(journal, on: disk, random: &random) }
            #expect(try readAll(journal).entries == accepted)
        }
        let journal = try Journal(directory: disk.directory.path, limits: limits)
        #expect(journal.notes == [])
        #expect(try readAll(journal).entries == accepted)
        disk.directory.remove("of somebody else")
        let more = try fill(journal, on: disk, random: &random)
        #expect(more.count >= 30)
        let delivered = try readAll(journal)
        #expect(delivered.entries == accepted + more)
        #expect(delivered.skippedTally == 0)
        try journal.sync()
    }

    @Test("where a segment would have to be begun") func newSegment() throws {
        let disk = try SmallFileSystem()
        // every frame begins a segment, and every segment takes a page
        let journal = try Journal(
            directory: disk.directory.path, limits: JournalLimits(segmentBytes: 64, maximumBytes: 1 << 30))
        var count: UInt64 = 0
        while refusal({ () throws(JournalError) in try append([[1]], to: journal) }) == nil {
            count += 1
            // no descriptor is held longer than until the next sync
            try journal.sync()
        }
        #expect(count > 100)
        #expect(journal.head == JournalPosition(sequence: count, tally: count))
        #expect(journal.byteCount == disk.directory.segmentBytes)
        #expect(try readAll(journal).entries.count == Int(count))
        journal.release(upTo: JournalPosition(sequence: count / 2, tally: count / 2), keepingSequencesFrom: .max)
        try append([[2]], to: journal)
        #expect(try readAll(journal, from: JournalPosition(sequence: count, tally: count)).entries == [[2]])
        #expect(try readAll(journal).entries.count == Int(count - count / 2 + 1))
    }

    @Test("room made by the consumer alone: what was kept for memory makes way") func memory() throws {
        let disk = try SmallFileSystem()
        var random = Seeded(state: 51)
        let journal = try Journal(directory: disk.directory.path, limits: limits)
        var position = beginning
        for _ in 0..<5 {
            let accepted = try fill(journal, on: disk, random: &random)
            #expect(accepted.isEmpty == false)
            let delivered = try readAll(journal, from: position)
            #expect(delivered.entries == accepted)
            #expect(delivered.skippedTally == 0)
            position = journal.head
            // the bound is far away: by it alone everything would be kept
            journal.release(upTo: position, keepingSequencesFrom: 0)
        }
    }

    @Test("at the first opening: refused, and made when there is room") func firstOpening() throws {
        let disk = try SmallFileSystem()
        disk.directory.write([UInt8](repeating: 1, count: disk.freeBytes), to: "of somebody else")
        #expect(disk.freeBytes == 0)
        let path = disk.directory.path + "/journal"
        #expect(refusal { () throws(JournalError) in try Journal(directory: path) } != nil)
        disk.directory.remove("of somebody else")
        let journal = try Journal(directory: path)
        try append([[1]], to: journal)
        #expect(try readAll(journal).entries == [[1]])
    }
}
