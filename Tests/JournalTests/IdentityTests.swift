import Checksum
import Journal
import Testing

/// Tests that a foreign or newer journal is refused: nothing is changed before its identity and version are known.
@Suite struct IdentityTests {
    /// Three segments of a few entries.
    private func makeJournal(_ directory: TemporaryDirectory) throws -> (identity: String, entries: [[UInt8]]) {
        let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 300))
        let entries = (0..<6).map { entry($0, length: 80) }
        for entry in entries { try append([entry], to: journal) }
        #expect(directory.segments.count >= 3)
        return (journal.identity, entries)
    }

    /// The refusal's text. Every file must be unchanged afterwards.
    private func refusal(_ directory: TemporaryDirectory) -> String {
        let before = directory.contents
        defer { #expect(directory.contents == before) }
        do {
            _ = try Journal(directory: directory.path)
            Issue.record("opened")
        } catch {
            if case .foreign(let why) = error { return why }
            Issue.record("\(error)")
        }
        return ""
    }

    private func upgrade(_ bytes: [UInt8], to version: UInt8) -> [UInt8] {
        var bytes = bytes
        bytes[8] = version
        let checksum = bytes.withUnsafeBytes { XXH64.hash(UnsafeRawBufferPointer(rebasing: $0[..<56])) }
        for index in 0..<8 { bytes[56 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt64(index))) }
        return bytes
    }

    @Test("a segment of a newer version refuses the journal, wherever it stands", arguments: [0, 1, 2])
    func newer(index: Int) throws {
        let directory = TemporaryDirectory()
        _ = try makeJournal(directory)
        let name = directory.segments[index]
        directory.write(upgrade(directory.read(name), to: 2), to: name)
        let why = refusal(directory)
        #expect(why.contains("version 2") && why.contains(name), "\(why)")
    }

    @Test("a newer segment that holds nothing yet is not taken for a crash's leftover") func newerAndEmpty() throws {
        let directory = TemporaryDirectory()
        do { _ = try Journal(directory: directory.path) }
        let name = try #require(directory.segments.first)
        let bytes = directory.read(name)
        #expect(bytes.count == 64)
        directory.write(upgrade(bytes, to: 9), to: name)
        #expect(refusal(directory).contains("version 9"))
    }

    @Test(
        "a lost or damaged identity is read from the segments", arguments: [nil, [], Array("0123".utf8)] as [[UInt8]?])
    func lost(content: [UInt8]?) throws {
        let directory = TemporaryDirectory()
        let (identity, entries) = try makeJournal(directory)
        if let content { directory.write(content, to: "identity") } else { directory.remove("identity") }
        do {
            let journal = try Journal(directory: directory.path)
            #expect(journal.identity == identity)
            #expect(journal.notes.count == 1)
            #expect(try readAll(journal).entries == entries)
            #expect(journal.head == JournalPosition(sequence: 6, tally: 6))
        }
        #expect(directory.read("identity") == Array("\(identity)\n".utf8))
    }

    @Test("an identity that is lost cannot be read from segments of different journals") func ambiguous() throws {
        let directory = TemporaryDirectory()
        let other = TemporaryDirectory()
        _ = try makeJournal(directory)
        _ = try makeJournal(other)
        let name = directory.segments[1]
        directory.write(other.read(other.segments[1]), to: name)
        directory.remove("identity")
        #expect(refusal(directory).contains("different journals"))
        #expect(!directory.names.contains("identity"))
    }

    @Test("another journal's identity is refused, whichever one it is") func exchanged() throws {
        let directory = TemporaryDirectory()
        _ = try makeJournal(directory)
        var digits = directory.read("identity")
        digits[3] = digits[3] == 0x30 ? 0x31 : 0x30
        directory.write(digits, to: "identity")
        #expect(refusal(directory).contains("different journals"))
    }

    @Test("each opening is another incarnation, and the one before is known until it is confirmed") func incarnations()
        throws
    {
        let directory = TemporaryDirectory()
        func open(confirm: Bool) throws -> (own: String, known: [String]?) {
            let journal = try Journal(directory: directory.path)
            if confirm { try journal.confirmIncarnation() }
            return try #require(journal.incarnation)
        }
        let first = try open(confirm: true)
        #expect(first.known == nil && first.own.utf8.count == 32)
        let second = try open(confirm: false)
        #expect(second.known == [first.own] && second.own != first.own)
        // it is unknown whether the consumer learnt the new name
        let third = try open(confirm: true)
        #expect(third.own == second.own && third.known == [first.own, second.own])
        let fourth = try open(confirm: true)
        #expect(fourth.known == [third.own] && fourth.own != third.own)
        directory.write(Array("damaged\n".utf8), to: "incarnation")
        #expect(try open(confirm: true).known == nil)
    }
}
