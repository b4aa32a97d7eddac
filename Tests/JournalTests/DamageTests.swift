import Journal
import Testing

/// Bytes that turn on the disk: what they hit is missing and counted, and everything else is delivered as it was.
@Suite struct DamageTests {
    @Test("every byte flipped while the journal is closed", arguments: [0x01, 0x80, 0xFF] as [UInt8])
    func closed(mask: UInt8) throws {
        let written = try WrittenJournal(segments: 3, seed: 30)
        for segment in written.directory.segments {
            for offset in 0..<written.directory.size(of: segment) {
                let what: Comment = "\(segment), byte \(offset)"
                let copy = TemporaryDirectory(copying: written.directory)
                copy.flip(segment, at: offset, mask: mask)
                let isHeader = offset < WrittenFrame.segmentHeaderBytes
                let sound = written.frames.filter {
                    $0.segment != segment || !isHeader && !$0.guarded.contains(offset)
                }
                // a last frame that fails its checks is taken for one that was never finished
                let isTorn = !isHeader && sound.last?.after != written.head
                let journal = try Journal(directory: copy.path, limits: written.limits)
                #expect(journal.head == (isTorn ? sound.last?.after : written.head), what)
                #expect(copy.names.contains(segment + ".damaged") == isHeader, what)
                #expect(journal.notes.count == (isHeader || isTorn ? 1 : 0), what)
                try expect(sound, in: journal, copy, what)
            }
        }
    }

    @Test("every byte flipped while the journal is open", arguments: [0x10, 0xFF] as [UInt8])
    func open(mask: UInt8) throws {
        let written = try WrittenJournal(segments: 3, seed: 31)
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        // it stands behind the others, and tells of damage to the last of them
        let last = try appendAndLocate([[9]], to: journal, tally: 3, in: written.directory)
        for segment in written.directory.segments {
            for offset in 0..<written.directory.size(of: segment)
            where last.segment != segment || !last.bytes.contains(offset) {
                written.directory.flip(segment, at: offset, mask: mask)
                let sound = written.frames.filter { $0.segment != segment || !$0.guarded.contains(offset) } + [last]
                let missing = journal.head.tally - sound.reduce(0) { $0 + $1.growth }
                #expect(
                    try readAll(journal) == Delivered(sound, skippedTally: missing), "\(segment), byte \(offset)")
                written.directory.flip(segment, at: offset, mask: mask)
            }
        }
    }

    @Test("pieces of any length, anywhere", arguments: [32, 33, 34, 35] as [UInt64]) func pieces(seed: UInt64) throws {
        let written = try WrittenJournal(segments: 4, seed: seed)
        var random = Seeded(state: seed)
        for round in 0..<100 {
            let copy = TemporaryDirectory(copying: written.directory)
            var sound = written.frames
            for segment in copy.segments where random.once(in: 2) {
                let size = copy.size(of: segment)
                let start = WrittenFrame.segmentHeaderBytes + random.below(size - WrittenFrame.segmentHeaderBytes)
                copy.overwrite(segment, at: start, with: random.bytes(1 + random.below(size - start)))
                let original = written.directory.read(segment)
                let damaged = copy.read(segment)
                sound.removeAll { $0.segment == segment && original[$0.guarded] != damaged[$0.guarded] }
            }
            let journal = try Journal(directory: copy.path, limits: written.limits)
            try expect(sound, in: journal, copy, "round \(round)")
        }
    }

    @Test("frames of another journal in the middle of a segment are not delivered") func foreignFrames() throws {
        let written = try WrittenJournal(segments: 2, seed: 36)
        let segment = written.directory.segments[0]
        // the same entries at the same places, but sealed under another identity
        let other = try WrittenJournal(segments: 2, seed: 36)
        #expect(Delivered(other.frames) == Delivered(written.frames))
        let victim = written.frames[1]
        written.directory.overwrite(
            segment, at: victim.bytes.lowerBound, with: other.directory.read(segment)[victim.bytes])
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        try expect(
            written.frames.filter { $0.before != victim.before }, in: journal, written.directory, "frame 1 exchanged")
    }

    @Test("a segment cut short in the middle of the journal", arguments: [0, 1, 63, 64, 65, 120, 300, 400])
    func shortened(length: Int) throws {
        let written = try WrittenJournal(segments: 3, seed: 37)
        let segment = written.directory.segments[1]
        written.directory.cut(segment, to: min(length, written.directory.size(of: segment)))
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        let sound = written.frames.filter { $0.segment != segment || $0.bytes.upperBound <= length }
        try expect(sound, in: journal, written.directory, "cut at \(length)")
    }

    @Test("the headers of several segments at once: the head stays where it was", arguments: 1..<16) func headers(
        damaged: Int
    ) throws {
        let written = try WrittenJournal(segments: 4, seed: 38)
        let segments = written.directory.segments
        let lost = segments.indices.filter { damaged >> $0 & 1 == 1 }.map { segments[$0] }
        for segment in lost { written.directory.flip(segment, at: 40, mask: 4) }
        do {
            let journal = try Journal(directory: written.directory.path, limits: written.limits)
            #expect(journal.head == written.head)
            #expect(journal.notes.count == lost.count)
        }
        // also when it was opened once already and nothing appended
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        #expect(journal.head == written.head)
        try expect(written.frames.filter { !lost.contains($0.segment) }, in: journal, written.directory, "\(damaged)")
    }

    /// What is read is `sound` and what is appended now; what is told as missing is the rest of the tally.
    private func expect(
        _ sound: [WrittenFrame], in journal: Journal, _ directory: TemporaryDirectory, _ what: Comment
    ) throws {
        let frame = try appendAndLocate([[1, 2, 3]], to: journal, tally: 2, in: directory)
        let missing = journal.head.tally - (sound + [frame]).reduce(0) { $0 + $1.growth }
        #expect(
            try readAll(journal, from: beginning) == Delivered(sound + [frame], skippedTally: missing), what)
    }
}
