import Glibc
import Journal
import Testing

/// A frame that a test has appended, and where it came to lie.
struct WrittenFrame {
    static let segmentHeaderBytes = 64
    static let headerBytes = 56

    let entries: [[UInt8]]
    let before: JournalPosition
    let after: JournalPosition
    let segment: String
    let bytes: Range<Int>

    /// The part of `bytes` that checksums guard: all but the padding.
    var guarded: Range<Int> {
        bytes.lowerBound..<bytes.lowerBound + WrittenFrame.headerBytes + entries.reduce(0) { $0 + 4 + $1.count }
    }

    /// By how much the tally grew in it.
    var growth: UInt64 { after.tally - before.tally }
}

/// Appends, checks the positions, and finds out from the size of the newest segment where the frame lies.
func appendAndLocate(
    _ entries: [[UInt8]], to journal: Journal, tally: UInt64, in directory: TemporaryDirectory
) throws -> WrittenFrame {
    let before = journal.head
    let after = try append(entries, to: journal, tally: tally)
    #expect(after == journal.head)
    #expect(after == JournalPosition(sequence: before.sequence + UInt64(entries.count), tally: before.tally + tally))
    let segment = try #require(directory.segments.last)
    let end = directory.size(of: segment)
    let payload = entries.reduce(0) { $0 + 4 + $1.count }
    return WrittenFrame(
        entries: entries, before: before, after: after, segment: segment,
        bytes: end - WrittenFrame.headerBytes - (payload + 7) / 8 * 8..<end)
}

/// A closed journal of a few small segments, of which every byte's meaning is known.
struct WrittenJournal {
    let directory: TemporaryDirectory
    let limits = JournalLimits(segmentBytes: 500, maximumBytes: 1 << 20)
    let frames: [WrittenFrame]
    let head: JournalPosition

    /// - Parameter segments: how many segments to fill; each has two frames at least.
    init(segments: Int, seed: UInt64) throws {
        var random = Seeded(state: seed)
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path, limits: limits)
        var frames: [WrittenFrame] = []
        while directory.segments.count < segments || frames.count(where: { $0.segment == directory.segments.last }) < 2
        {
            let entries = (0..<1 + random.below(3)).map { _ in random.bytes(random.below(40)) }
            frames.append(
                try appendAndLocate(
                    entries, to: journal, tally: UInt64(entries.count + random.below(3)), in: directory))
        }
        self.directory = directory
        self.frames = frames
        head = journal.head
    }

    func frames(in segment: String) -> [WrittenFrame] { frames.filter { $0.segment == segment } }
}

extension Delivered {
    /// What reading `frames` must deliver.
    init(_ frames: some Sequence<WrittenFrame>, skippedTally: UInt64 = 0) {
        for frame in frames {
            entries += frame.entries
            sequences += frame.before.sequence..<frame.after.sequence
        }
        self.skippedTally = skippedTally
    }
}

/// Where a reader begins that has read nothing yet.
let beginning = JournalPosition(sequence: 0, tally: 0)

extension JournalReader {
    /// The next frame; nil if there is none.
    func nextFrame() throws -> Delivered? {
        var delivered = Delivered()
        let found = try next { frame in
            delivered.skippedTally = frame.skippedTally
            frame.forEach { sequence, entry in
                delivered.entries.append([UInt8](entry))
                delivered.sequences.append(sequence)
            }
        }
        return found ? delivered : nil
    }
}

/// The error that `body` ends with; nil if it ends without.
func refusal<Value>(_ body: () throws(JournalError) -> Value) -> JournalError? {
    do throws(JournalError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

extension JournalError {
    var isForeign: Bool { if case .foreign = self { true } else { false } }
}

extension Seeded {
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func once(in times: Int) -> Bool { below(times) == 0 }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}
