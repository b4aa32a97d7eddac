import Glibc
import Journal
import Testing

@Suite struct LimitTests {
    @Test func theBoundIsKeptAndRoomIsUsedAgain() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(
            directory: directory.path, limits: JournalLimits(segmentBytes: 1_000, maximumBytes: 5_000))
        var accepted: UInt64 = 0
        while true {
            do {
                try append([entry(Int(accepted), length: 200)], to: journal)
                accepted += 1
            } catch {
                #expect(error.isFull)
                break
            }
        }
        #expect(journal.byteCount <= 5_000)
        #expect(accepted > 10)
        #expect(journal.head.sequence == accepted)
        #expect(try readAll(journal).entries.count == Int(accepted))
        journal.release(upTo: journal.head, keepingSequencesFrom: .max)
        try append([[1]], to: journal)
        #expect(try readAll(journal).entries.last == [1])
    }

    /// Where no small file system can be mounted, the test above tests the limit too.
    @Test(.enabled(if: canMount, "needs the permission to mount a file system of one megabyte"))
    func aFullFileSystemIsRefusedAndSurvived() throws {
        let directory = TemporaryDirectory()
        try #require(mount("tmpfs", directory.path, "tmpfs", 0, "size=1m") == 0, "cannot mount a tmpfs")
        defer { umount2(directory.path, 2) }
        let place = directory.path + "/journal"
        var accepted = 0
        do {
            let journal = try Journal(directory: place)
            while true {
                do {
                    try append([entry(accepted, length: 3_000)], to: journal)
                    accepted += 1
                } catch {
                    #expect(error.isFull)
                    break
                }
            }
            #expect(accepted > 100)
            #expect(try readAll(journal).entries.count == accepted)
        }
        let journal = try Journal(directory: place)
        #expect(journal.notes == [])
        #expect(journal.head.sequence == UInt64(accepted))
        // in practice room comes back by itself; here the test makes the file system larger
        try #require(mount("tmpfs", directory.path, "tmpfs", UInt(MS_REMOUNT), "size=2m") == 0)
        try append([[9]], to: journal)
        #expect(try readAll(journal).entries.last == [9])
    }

    /// One segment, all of it released, and no block left for the next one's header.
    @Test(
        .enabled(if: canMount, "needs the permission to mount a file system of one megabyte"),
        arguments: [false, true])
    func aDiskSmallerThanASegmentIsUsedAgain(afterReopening reopens: Bool) throws {
        let directory = TemporaryDirectory()
        try #require(mount("tmpfs", directory.path, "tmpfs", 0, "size=1m") == 0, "cannot mount a tmpfs")
        defer { umount2(directory.path, 2) }
        var accepted = 0
        func fill(_ journal: Journal) throws {
            for _ in 0..<10_000 {
                do {
                    try append([entry(accepted, length: 3_000)], to: journal)
                    accepted += 1
                } catch {
                    #expect(error.isFull)
                    return
                }
            }
            Issue.record("the disk did not become full")
        }
        let place = directory.path + "/journal"
        if reopens {
            let journal = try Journal(directory: place)
            try fill(journal)
        }
        let journal = try Journal(directory: place)
        for _ in 0..<5 {
            try fill(journal)
            let head = journal.head
            #expect(head.sequence == UInt64(accepted))
            journal.release(upTo: head, keepingSequencesFrom: 0)
            try append([[9]], to: journal)
            accepted += 1
            #expect(try readAll(journal).entries.last == [9])
            #expect(journal.head.sequence == head.sequence + 1)
        }
    }

    @Test("released segments go when they are too old, whatever remembers their entries") func expiry() throws {
        let directory = TemporaryDirectory()
        let place = directory.path + "/journal"
        let journal = try Journal(directory: place, limits: JournalLimits(retentionSeconds: 70))
        try append([Array("kermit".utf8)], to: journal)
        let first = journal.head
        journal.release(upTo: first, keepingSequencesFrom: 0)
        let now = time(nil)
        journal.expire(now: now + 5)
        #expect(journal.oldest.sequence < first.sequence)
        // not yet released
        try append([Array("piggy".utf8)], to: journal)
        journal.expire(now: now + 20)
        journal.expire(now: now + 100)
        #expect(try readAll(journal).entries == [Array("kermit".utf8), Array("piggy".utf8)])
        journal.release(upTo: journal.head, keepingSequencesFrom: 0)
        journal.expire(now: now + 60)
        #expect(try readAll(journal).entries.count == 2)
        journal.expire(now: now + 100)
        #expect(try readAll(journal).entries.isEmpty)
        let head = journal.head
        try append([[1]], to: journal)
        #expect(journal.head.sequence == head.sequence + 1)
        #expect(try readAll(journal).entries == [[1]])
    }

    @Test("entries from the reserve fit into a journal that has reached its limit, up to the reserve's size")
    func lastWordsPassTheBound() throws {
        let directory = TemporaryDirectory()
        let limits = JournalLimits(segmentBytes: 1_000, maximumBytes: 5_000)
        var words = 0
        do {
            let journal = try Journal(directory: directory.path, limits: limits)
            fillToTheBrim(journal)
            while appendLastWords(to: journal) { words += 1 }
            #expect(journal.byteCount > 5_000 + 10_000)
            #expect(journal.byteCount <= 5_000 + 16_384)
        }
        let journal = try Journal(directory: directory.path, limits: limits)
        #expect(try readAll(journal).entries.suffix(words) == [[UInt8]](repeating: lastWords, count: words)[...])
        #expect(throws: JournalError.self) { try append([[1]], to: journal) }
    }

    @Test(
        "entries from the reserve fit on a full disk, after each start that found room for it",
        .enabled(if: canMount, "needs the permission to mount a file system of one megabyte"))
    func lastWordsOnAFullDisk() throws {
        let directory = TemporaryDirectory()
        try #require(mount("tmpfs", directory.path, "tmpfs", 0, "size=1m") == 0, "cannot mount a tmpfs")
        defer { umount2(directory.path, 2) }
        let place = directory.path + "/journal"
        do {
            let journal = try Journal(directory: place)
            fillToTheBrim(journal)
            #expect(appendLastWords(to: journal))
            fillToTheBrim(journal)
            #expect(!appendLastWords(to: journal))
        }
        try #require(mount("tmpfs", directory.path, "tmpfs", UInt(MS_REMOUNT), "size=2m") == 0)
        let journal = try Journal(directory: place)
        #expect(try readAll(journal).entries.contains(lastWords))
        fillToTheBrim(journal)
        #expect(appendLastWords(to: journal))
        #expect(try readAll(journal).entries.last == lastWords)
    }

    private let lastWords = entry(7, length: 300)

    private func appendLastWords(to journal: Journal) -> Bool {
        let frame = FrameBuilder()
        frame.append { $0 += lastWords }
        do throws(JournalError) { try journal.append(frame, tallyIncrease: 1, mayUseReserve: true) } catch {
            #expect(error.isFull)
            return false
        }
        return true
    }

    private func fillToTheBrim(_ journal: Journal) {
        for length in [10_000, 1_000, 100, 1] {
            while (try? append([entry(1, length: length)], to: journal)) != nil {}
        }
    }

    @Test func twoProcessesCannotShareIt() throws {
        let directory = TemporaryDirectory()
        let first = try Journal(directory: directory.path)
        do {
            _ = try Journal(directory: directory.path)
            Issue.record("opened twice")
        } catch {
            guard case .locked = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(first.head.sequence == 0)
    }

    @Test func aForeignIdentityIsRefused() {
        let directory = TemporaryDirectory()
        directory.write(Array("not hexadecimal at all, certainly no".utf8), to: "identity")
        do {
            _ = try Journal(directory: directory.path)
            Issue.record("opened")
        } catch {
            guard case .foreign = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func otherFilesAreLeftAlone() throws {
        let directory = TemporaryDirectory()
        let names = ["notes.txt", "0.journal", "000000000000000G.journal", "0000000000000000.journal.damaged"]
        for name in names { directory.write([1, 2, 3], to: name) }
        let journal = try Journal(directory: directory.path)
        try append([[1]], to: journal)
        for name in names { #expect(directory.read(name) == [1, 2, 3]) }
    }

    @Test func anotherJournalsSegmentIsRefused() throws {
        let other = TemporaryDirectory()
        do {
            let journal = try Journal(directory: other.path)
            try append([[1]], to: journal)
        }
        let directory = TemporaryDirectory()
        do { _ = try Journal(directory: directory.path) }
        directory.write(other.read(other.segments[0]), to: other.segments[0])
        do {
            _ = try Journal(directory: directory.path)
            Issue.record("opened")
        } catch {
            guard case .foreign = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(directory.segments == other.segments)
    }
}

/// Whether this process may mount a file system; root in a container often may not.
private let canMount: Bool = {
    let directory = TemporaryDirectory()
    guard mount("tmpfs", directory.path, "tmpfs", 0, "size=1m") == 0 else { return false }
    umount2(directory.path, 2)
    return true
}()
