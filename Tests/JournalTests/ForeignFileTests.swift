import Glibc
import Journal
import Testing

/// What lies in the directory and is not, or seems not to be, this journal's.
@Suite struct ForeignFileTests {
    @Test(
        "an identity that is none is refused, and nothing is touched",
        arguments: [
            "", "0123456789abcdef", "an inventory of the machine room", String(repeating: "+f", count: 16),
            String(repeating: "AB", count: 16), String(repeating: "ä", count: 16),
        ])
    func badIdentity(text: String) throws {
        let written = try WrittenJournal(segments: 2, seed: 5)
        let names = written.directory.names
        written.directory.write(Array(text.utf8), to: "identity")
        #expect(
            refusal { () throws(JournalError) in try Journal(directory: written.directory.path) }?.isForeign == true)
        #expect(written.directory.names == names)
        #expect(written.directory.read("identity") == Array(text.utf8))
    }

    @Test("an exchanged or lost identity refuses all segments, which are whole again under their own")
    func exchangedIdentity() throws {
        let written = try WrittenJournal(segments: 3, seed: 6)
        let segments = written.directory.segments
        let identity = written.directory.read("identity")
        written.directory.write(Array("00112233445566778899aabbccddeeff\n".utf8), to: "identity")
        for isLost in [false, true] {
            if isLost { written.directory.remove("identity") }
            #expect(
                refusal { () throws(JournalError) in try Journal(directory: written.directory.path) }?.isForeign == true
            )
            #expect(written.directory.segments == segments)
        }
        written.directory.write(identity, to: "identity")
        let journal = try Journal(directory: written.directory.path)
        #expect(journal.notes == [])
        #expect(try readAll(journal) == Delivered(written.frames))
    }

    @Test("another journal's segment among one's own is set aside, wherever it stands", arguments: [false, true])
    func foreignSegment(isNewest: Bool) throws {
        let written = try WrittenJournal(segments: 2, seed: 7)
        let other = try WrittenJournal(segments: 2, seed: 8)
        let foreign = isNewest ? "00000000ffffffff.journal" : "0000000000000001.journal"
        let bytes = other.directory.read(try #require(other.directory.segments.last))
        written.directory.write(bytes, to: foreign)
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        #expect(!written.directory.names.contains(foreign))
        #expect(written.directory.read(foreign + ".damaged") == bytes)
        #expect(journal.notes.count == 1)
        #expect(journal.head == written.head)
        let frame = try appendAndLocate([[1]], to: journal, tally: 1, in: written.directory)
        #expect(try readAll(journal) == Delivered(written.frames + [frame]))
    }

    @Test("names that are no segments' are left alone, over appends and releases") func otherNames() throws {
        let written = try WrittenJournal(segments: 2, seed: 9)
        let names = [
            "README", "core", "1.journal", "0000000000000000.journal.bak", "0000000000000000.JOURNAL",
            "000000000000000A.journal", "+000000000000000.journal", "00000000000000000.journal",
            "000000000000000g.journal", ".journal", "0000000000000000.damaged", "identity.new", "𝟘.journal",
        ]
        for name in names { written.directory.write(Array("not mine: \(name)".utf8), to: name) }
        let journal = try Journal(directory: written.directory.path, limits: written.limits)
        #expect(journal.notes == [])
        #expect(try readAll(journal) == Delivered(written.frames))
        for _ in 0..<20 { try append([[UInt8](repeating: 1, count: 100)], to: journal) }
        journal.release(upTo: journal.head, keepingSequencesFrom: .max)
        for name in names { #expect(written.directory.read(name) == Array("not mine: \(name)".utf8)) }
    }

    @Test("a segment under another's name is set aside, and the head stays behind it") func renamedSegment() throws {
        for index in 0..<3 {
            let written = try WrittenJournal(segments: 3, seed: 10)
            let segment = written.directory.segments[index]
            written.directory.rename(segment, to: index == 2 ? "00000000ffffffff.journal" : "0000000000000002.journal")
            let journal = try Journal(directory: written.directory.path, limits: written.limits)
            #expect(journal.notes.count == 1)
            #expect(journal.head == written.head)
            let frame = try appendAndLocate([[1]], to: journal, tally: 1, in: written.directory)
            let left = written.frames.filter { $0.segment != segment } + [frame]
            let missing = written.frames(in: segment).reduce(0) { $0 + $1.growth }
            #expect(try readAll(journal, from: beginning) == Delivered(left, skippedTally: missing))
        }
    }

    @Test("a directory that cannot be made is said, with its name") func noDirectory() {
        let directory = TemporaryDirectory()
        directory.write([1], to: "file")
        let refused = refusal { () throws(JournalError) in try Journal(directory: directory.path + "/file/journal") }
        guard case .io(_, let path, let code) = refused else {
            Issue.record("not refused: \(String(describing: refused))")
            return
        }
        #expect(path.hasPrefix(directory.path + "/file"))
        #expect(code == ENOTDIR)
        #expect(refused?.description.contains("Not a directory") == true)
    }
}
