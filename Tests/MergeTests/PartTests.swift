import Merge
import Record
import SampleRecords
import Testing

@Suite struct PartTests {
    private func part(_ number: Int64, of parts: Int64, id: UInt64 = 1) -> SampleRecord {
        process(id).with {
            $0.part = number
            $0.parts = parts
            $0.packages = [.init("package\(number)", "\(number)")]
            $0.direct = number == 1 ? ["package1"] : []
        }
    }

    private let minute: Int64 = 60_000_000
    private let united = [
        PackageWords(name: "package1", version: "1", direct: true),
        PackageWords(name: "package2", version: "2", direct: false),
        PackageWords(name: "package3", version: "3", direct: false),
    ]

    @Test(
        "parts count once, at the arrival of the last, in any order", arguments: [[1, 2, 3], [3, 1, 2], [2, 3, 1]])
    func united(order: [Int64]) throws {
        var feed = Feed()
        for (index, number) in order.enumerated() {
            #expect(feed.runs.isEmpty)
            #expect(feed.batch.heldParts.map { $0.part } == Array(order.prefix(index)))
            feed.add(part(number, of: 3))
        }
        let run = try #require(feed.runs.first)
        #expect(run.words.stack == united)
        #expect(run.delta.processes == 1)
        #expect(feed.counters == ["merged": 2])
        #expect(feed.batch.heldParts.isEmpty, "what came whole in one batch is not held")
        #expect(feed.accountedFor == 3 && feed.batch.messages == 3)
    }

    @Test("parts over several batches are held, then released") func overBatches() throws {
        var feed = Feed()
        feed.add(part(1, of: 2))
        #expect(feed.batch.heldParts.map { $0.id } == [part(1, of: 2).recordID])
        #expect(feed.batch.heldParts.map { $0.part } == [1])
        #expect(feed.batch.heldParts.map { $0.entry } == [Feed.entry(part(1, of: 2))])
        #expect(feed.accountedFor == 0)
        feed.merger.finishBatch()
        feed.add(part(2, of: 2))
        #expect(feed.batch.heldParts.isEmpty)
        #expect(feed.batch.releasedParts == [part(1, of: 2).recordID])
        #expect(feed.runs.map { $0.words.stack } == [Array(united.prefix(2))])
        #expect(feed.accountedFor == 2)
    }

    @Test("the same part again is a duplicate, while it waits and afterwards") func duplicates() {
        var feed = Feed()
        feed.add([part(1, of: 2), part(1, of: 2)])
        #expect(feed.counters == ["duplicate": 1])
        #expect(feed.batch.heldParts.count == 1)
        feed.add([part(2, of: 2), part(2, of: 2), part(1, of: 2), process(1)])
        #expect(feed.runs.map { $0.delta.processes } == [1])
        #expect(feed.counters == ["duplicate": 4, "merged": 1])
        #expect(feed.accountedFor == 6)
    }

    @Test("a part that stays alone for a minute is taken as what it is") func lone() {
        var feed = Feed()
        feed.add(part(2, of: 3))
        feed.merger.finishBatch()
        feed.merger.expireParts(now: noon + minute)
        #expect(feed.batch.isEmpty)
        feed.merger.expireParts(now: noon + minute + 1)
        #expect(feed.runs.map { $0.words.stack } == [[PackageWords(name: "package2", version: "2", direct: false)]])
        #expect(feed.counters == ["incomplete_parts": 1])
        #expect(feed.batch.releasedParts == [part(2, of: 3).recordID])
        #expect(!feed.batch.isEmpty && feed.batch.messages == 0)
        feed.merger.finishBatch()
        feed.add(part(1, of: 3))
        #expect(feed.counters == ["duplicate": 1], "its sibling comes too late")
    }

    @Test("two of three parts count as one process of two messages") func twoOfThree() {
        var feed = Feed()
        feed.add([part(1, of: 3), part(3, of: 3)])
        feed.merger.expireParts(now: noon + 2 * minute)
        #expect(feed.counters == ["incomplete_parts": 1, "merged": 1])
        #expect(feed.runs.map { $0.words.stack.count } == [2])
        #expect(feed.accountedFor == 2)
    }

    @Test("the whole record beside its parts makes them duplicates") func wholeBesideParts() {
        var feed = Feed()
        feed.add([part(1, of: 2), process(1)])
        feed.merger.expireParts(now: noon + 2 * minute)
        #expect(feed.runs.map { $0.delta.processes } == [1])
        #expect(feed.counters["duplicate"] == 1)
        #expect(feed.accountedFor == 2)
    }

    /// The writer's steps after a restart: it remembers the stored records that the journal still has, parts included,
    /// and then loads the parts that the store holds.
    @Test("a part held over a restart waits on", arguments: [true, false]) func restored(isInJournal: Bool) {
        var feed = Feed()
        let held = part(1, of: 2)
        if isInJournal { feed.merger.remember(held.usage, Envelope(arrival: noon), sequence: 0) }
        feed.merger.restore(part: held.usage, Envelope(arrival: noon))
        #expect(feed.batch.isEmpty)
        feed.add(held)
        #expect(feed.counters == ["duplicate": 1])
        feed.add(part(2, of: 2))
        #expect(feed.runs.map { $0.words.stack } == [Array(united.prefix(2))])
        #expect(feed.batch.releasedParts == [held.recordID])
        #expect(feed.counters == ["duplicate": 1, "merged": 1])
        feed.add([part(2, of: 2), held, process(1)])
        #expect(feed.counters == ["duplicate": 4, "merged": 1])
    }

    @Test("a part restored and alone counts after its minute", arguments: [true, false])
    func restoredAlone(isInJournal: Bool) {
        var feed = Feed()
        let held = part(1, of: 2)
        if isInJournal { feed.merger.remember(held.usage, Envelope(arrival: noon), sequence: 0) }
        feed.merger.restore(part: held.usage, Envelope(arrival: noon))
        feed.merger.expireParts(now: noon + 2 * minute)
        #expect(feed.runs.map { $0.delta.processes } == [1])
        #expect(feed.counters == ["incomplete_parts": 1])
    }

    @Test("records united before a restart stay known") func wholeBeforeRestart() {
        var feed = Feed()
        for number in 1...2 as ClosedRange<Int64> {
            feed.merger.remember(part(number, of: 2).usage, Envelope(arrival: noon), sequence: UInt64(number))
        }
        feed.add([part(1, of: 2), part(2, of: 2)])
        #expect(feed.counters == ["duplicate": 2])
        #expect(feed.batch.heldParts.isEmpty)
    }

    @Test("parts of a final record end the snapshot") func endsSnapshot() {
        var feed = Feed()
        feed.add(process(1).with { $0.end = .running })
        feed.add(part(1, of: 2))
        #expect(feed.batch.endedSnapshots.isEmpty)
        feed.add(part(2, of: 2))
        #expect(feed.batch.endedSnapshots == [process(1).recordID])
    }

    @Test("parts that never become whole take a bounded memory, at every part that comes") func bounded() {
        var feed = Feed(Merger(partBytes: 1 << 20))
        var most = 0
        for number in 1...4 as ClosedRange<Int64> {
            for id in 1...400 as ClosedRange<UInt64> {
                feed.add(wide(number, of: 5, id: id), kernel(7))
                most = max(most, feed.merger.partBytes)
            }
        }
        // the sender may hold an eighth, and what comes is taken before something goes
        #expect(most <= 1 << 20 / 8 + 8_192)
        #expect(feed.counters["incomplete_parts", default: 0] > 300)
        #expect(feed.accountedFor + UInt64(feed.batch.heldParts.count) == 1_600)
        #expect(feed.batch.releasedParts.isEmpty, "the store has none of them yet")
    }

    @Test("waiting records take little more memory than their messages") func packed() {
        var feed = Feed()
        var bytes = 0
        for number in 1...4 as ClosedRange<Int64> {
            for id in 1...20 as ClosedRange<UInt64> {
                feed.add(wide(number, of: 5, id: id))
                bytes += 300 * #""package00000":"1.0","#.utf8.count
            }
        }
        #expect(feed.merger.partBytes < bytes)
    }

    @Test("the sender that holds the most loses first") func fair() {
        var feed = Feed(Merger(partBytes: 1 << 20))
        feed.add(part(1, of: 2, id: 9_999), kernel(7))
        for id in 1...2_000 as ClosedRange<UInt64> { feed.add(wide(1, of: 2, id: id), kernel(UInt32(1_000 + id % 9))) }
        #expect(feed.merger.partBytes <= 1 << 20)
        #expect(feed.counters["incomplete_parts", default: 0] > 1_000)
        #expect(feed.batch.heldParts.contains { $0.id == part(1, of: 2, id: 9_999).recordID })
        feed.add(part(2, of: 2, id: 9_999), kernel(7))
        #expect(feed.runs.contains { $0.words.stack == Array(united.prefix(2)) })
    }

    @Test("a part of another sender does not join a record") func foreignPart() {
        var feed = Feed()
        feed.add(part(1, of: 2), Envelope(arrival: noon, identity: .kernel, uid: 7, pid: 1))
        feed.add(part(2, of: 2))
        #expect(feed.runs.isEmpty)
        #expect(feed.counters == ["duplicate": 1])
    }

    @Test("packages beyond 4,096 of one record are left out and counted") func clipped() throws {
        var feed = Feed()
        for number in 1...20 as ClosedRange<Int64> { feed.add(wide(number, of: 20, id: 1)) }
        #expect(try #require(feed.runs.first).words.stack.count == 4_096)
        #expect(feed.counters == ["merged": 19, "clipped_packages": 20 * 300 - 4_096])
    }

    private func kernel(_ uid: UInt32) -> Envelope { Envelope(arrival: noon, identity: .kernel, uid: uid, pid: 1) }

    /// A part with 300 packages.
    private func wide(_ number: Int64, of parts: Int64, id: UInt64) -> SampleRecord {
        part(number, of: parts, id: id).with {
            $0.packages = (0..<300).map { .init("package\(number * 1_000 + Int64($0))", "1.0") }
            $0.direct = nil
        }
    }

    @Test("a part whose arrival lies in the future waits its minute from now on") func clockSetBack() {
        var feed = Feed()
        feed.add(part(1, of: 2))
        let anHourBack = noon - 60 * minute
        #expect(feed.merger.expireParts(now: anHourBack) == 0)
        #expect(feed.merger.expireParts(now: anHourBack + minute) == 0)
        #expect(feed.merger.expireParts(now: anHourBack + minute + 1) == 1)
        #expect(feed.counters == ["incomplete_parts": 1])
    }
}
