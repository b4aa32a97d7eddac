import Journal
import Testing

/// Random operations, crashes and damage, against a list in memory of what was appended and what is still whole.
@Suite struct ModelTests {
    @Test("the journal agrees with a list", arguments: 100..<112 as Range<UInt64>) func agrees(seed: UInt64) throws {
        let model = try JournalModel(seed: seed)
        for _ in 0..<500 { try model.step() }
        try model.readOn()
        #expect(model.appended > 150)
    }
}

/// A journal, its consumer and their bookkeeping.
private final class JournalModel {
    private static let limits = JournalLimits(segmentBytes: 3_000, maximumBytes: 40_000)

    private let directory = TemporaryDirectory()
    private var random: Seeded
    private var journal: Journal?
    private var reader: JournalReader?
    /// What a reader must deliver, in order.
    private var frames: [WrittenFrame] = []
    /// What the consumer has read up to.
    private var position = beginning
    private var head = beginning
    private(set) var appended = 0

    init(seed: UInt64) throws {
        random = Seeded(state: seed)
        try reopen()
    }

    func step() throws {
        switch random.below(40) {
        case 0..<20: try append()
        case 20..<30: try read()
        case 30..<33: try release()
        case 33..<35: try open().sync()
        case 35..<37: try reopen()
        case 37: try cutNewest()
        case 38: try damage(isClosed: true)
        default: try damage(isClosed: false)
        }
        #expect(try open().head == head)
        #expect(try open().byteCount == directory.segmentBytes)
        #expect(try open().byteCount <= JournalModel.limits.maximumBytes)
    }

    /// Reads all that there is, and checks that nothing is left.
    func readOn() throws {
        while try read() {}
        #expect(frames.allSatisfy { $0.before.sequence < position.sequence })
    }

    private func open() throws -> Journal { try #require(journal) }

    private func append() throws {
        let entries = (0..<1 + random.below(8)).map { _ in
            random.bytes(random.once(in: 200) ? 20_000 : random.below(300))
        }
        let tally = UInt64(random.below(10))
        let size = WrittenFrame.headerBytes + entries.reduce(0) { $0 + 4 + $1.count } + 7
        let before = try open().byteCount
        do {
            let frame = try appendAndLocate(entries, to: open(), tally: tally, in: directory)
            #expect(frame.before == head)
            head = frame.after
            frames.append(frame)
            appended += 1
        } catch let error as JournalError {
            #expect(error.isFull)
            #expect(before + size + WrittenFrame.segmentHeaderBytes > JournalModel.limits.maximumBytes)
        }
    }

    @discardableResult
    private func read() throws -> Bool {
        let reader = try #require(reader)
        guard let expected = frames.first(where: { $0.before.sequence >= position.sequence }) else {
            #expect(try reader.nextFrame() == nil)
            return false
        }
        let skipped = expected.before.tally > position.tally ? expected.before.tally - position.tally : 0
        #expect(try reader.nextFrame() == Delivered([expected], skippedTally: skipped))
        #expect(reader.position == expected.after)
        position = expected.after
        return true
    }

    private func release() throws {
        let kept = random.once(in: 2) ? UInt64.max : UInt64(random.below(Int(position.sequence) + 1))
        try open().release(upTo: position, keepingSequencesFrom: kept)
        // what is unread is still there, which `read` finds out
        let newest = try #require(directory.segments.last)
        #expect(frames.last.map { $0.segment <= newest } ?? true)
    }

    private func close() {
        reader = nil
        journal = nil
    }

    private func reopen() throws {
        close()
        let journal = try Journal(directory: directory.path, limits: JournalModel.limits)
        #expect(journal.head == head)
        self.journal = journal
        try resume()
    }

    /// What a consumer does at its start.
    private func resume() throws {
        let journal = try open()
        try journal.advance(to: position)
        #expect(journal.head.sequence >= position.sequence)
        head = journal.head
        journal.release(upTo: position, keepingSequencesFrom: 0)
        reader = try journal.reader(at: position)
    }

    /// The power fails: the newest segment loses its end.
    private func cutNewest() throws {
        close()
        let newest = try #require(directory.segments.last)
        let length = random.below(directory.size(of: newest) + 1)
        directory.cut(newest, to: length)
        frames.removeAll { $0.segment == newest && $0.bytes.upperBound > length }
        try takeHead(cut: newest)
    }

    /// Opens what has lost something at its end, and goes on from where it now ends.
    private func takeHead(cut newest: String) throws {
        let journal = try Journal(directory: directory.path, limits: JournalModel.limits)
        // a segment's name is the number of its first entry
        let start = try #require(UInt64(newest.dropLast(8), radix: 16))
        #expect(journal.head.sequence >= frames.last?.after.sequence ?? 0)
        #expect(journal.head.sequence <= max(start, frames.last?.after.sequence ?? 0))
        if let last = frames.last, last.segment == newest { #expect(journal.head == last.after) }
        self.journal = journal
        try resume()
    }

    /// Bits of a byte turn in a frame that is not the last: damage to that one is no damage, but an end that was torn.
    private func damage(isClosed: Bool) throws {
        guard let victim = frames.randomElement(using: &random), directory.segments.contains(victim.segment),
            victim.after != head
        else { return }
        if isClosed { close() }
        // a reader may have taken in already what it has not yet delivered
        reader = nil
        directory.flip(
            victim.segment, at: victim.guarded.lowerBound + random.below(victim.guarded.count),
            mask: UInt8(1 + random.below(255)))
        frames.removeAll { $0.before == victim.before }
        if isClosed { try reopen() } else { reader = try open().reader(at: position) }
    }
}
