import DaemonMetrics
import FakeStores
import Journal
import Merge
import Record
import Store
import Testing
import Write

/// The writer with a journal on disk and a store that fails on order. Whatever happens, each message counts once.
@Suite struct WriterTests {
    @Test func theStoreGetsWhatTheJournalHolds() throws {
        let writing = try Writing()
        try writing.append(1...200)
        try writing.append(rejected: 7, for: .badJSON)
        writing.start()
        #expect(try writing.finish() == nil)
        let content = writing.store.content
        #expect(Set(content.users) == Set((1...200).map { "u\($0)" }))
        #expect(content.counters["stored"] == 200 && content.counters["rejected.bad_json"] == 7)
        #expect(content.position?.tally == 207 && writing.isBalanced)
        #expect(writing.store.heartbeats.last?.received == 207 && writing.store.heartbeats.last?.oldestPending == nil)
    }

    @Test func theStoreGetsTheCountsOfHosts() throws {
        let writing = try Writing()
        try writing.append(1...200)
        writing.start()
        try writing.finish()
        #expect(writing.store.hosts.reduce(0) { $0 + $1.records } == 200)
    }

    @Test func aRecordThatCameBeforeIsADuplicateAfterARestartToo() throws {
        let writing = try Writing()
        try writing.append(1...50)
        writing.start()
        try writing.finish()
        try writing.append(41...60)
        writing.start()
        try writing.finish()
        #expect(writing.store.content.counters == ["stored": 60, "duplicate": 10])
        #expect(writing.isBalanced)
    }

    @Test("of a batch that the store refuses only the bad record is put aside", arguments: [1, 2, 33, 63, 64, 100])
    func refusedRecord(_ bad: Int) throws {
        let writing = try Writing()
        writing.store.refuse(["u\(bad)"])
        try writing.append(1...100)
        writing.start()
        #expect(try writing.finish() == nil)
        let content = writing.store.content
        #expect(Set(content.users) == Set((1...100).filter { $0 != bad }.map { "u\($0)" }))
        #expect(content.quarantined == ["no such user: u\(bad)"])
        #expect(content.counters == ["stored": 99, "rejected.refused_by_store": 1])
        #expect(writing.isBalanced && writing.refusedLines.isEmpty)
    }

    @Test func severalBadRecordsCostOneRecordEach() throws {
        let writing = try Writing()
        let bad = [3, 4, 5, 60, 61, 190]
        writing.store.refuse(Set(bad.map { "u\($0)" }))
        try writing.append(1...200)
        writing.start()
        try writing.finish()
        #expect(writing.store.content.counters == ["stored": 194, "rejected.refused_by_store": 6])
        #expect(writing.store.content.quarantined == bad.map { "no such user: u\($0)" })
        #expect(writing.isBalanced)
    }

    @Test func whatTheQuarantineRefusesTooLiesInAFile() throws {
        let writing = try Writing()
        writing.store.refuse(["u7"])
        writing.store.refuseQuarantine()
        try writing.append(1...20)
        writing.start()
        try writing.finish()
        #expect(writing.store.content.counters == ["stored": 19, "rejected.refused_by_store": 1])
        #expect(writing.refusedLines.count == 1)
        #expect(writing.refusedLines.first?.contains("\"username\":\"u7\"") == true)
        #expect(writing.isBalanced)
    }

    @Test func aStoreThatGoesAwayMissesNothing() throws {
        let writing = try Writing()
        try writing.append(1...10)
        writing.start()
        #expect(eventually { writing.store.content.users.count == 10 })
        #expect(eventually { !writing.metrics.snapshot.storeUnavailable })
        writing.store.goAway()
        for number in 11...40 { try writing.append(number...number) }
        #expect(eventually { writing.metrics.snapshot.storeUnavailable })
        #expect(writing.metrics.snapshot.pending == 30 && writing.isBalanced)
        writing.store.comeBack()
        #expect(eventually { writing.store.content.users.count == 40 })
        #expect(eventually { !writing.metrics.snapshot.storeUnavailable && writing.metrics.snapshot.pending == 0 })
        #expect(try writing.finish() == nil)
        #expect(writing.store.content.counters == ["stored": 40] && writing.isBalanced)
    }

    @Test func aWriterThatIsStoppedWhileTheStoreIsAwayLeavesTheRestToTheNext() throws {
        let writing = try Writing()
        writing.store.goAway()
        try writing.append(1...30)
        writing.start()
        #expect(try writing.finish() == nil)
        #expect(writing.store.content.users.isEmpty && writing.journal.head.tally == 30)
        writing.store.comeBack()
        writing.start()
        try writing.finish()
        #expect(writing.store.content.counters == ["stored": 30] && writing.isBalanced)
    }

    @Test func aCommitWhoseAnswerIsLostCountsOnce() throws {
        let writing = try Writing()
        writing.store.loseAnswers(2)
        try writing.append(1...100)
        writing.start()
        #expect(try writing.finish() == nil)
        #expect(writing.store.content.counters == ["stored": 100] && writing.isBalanced)
    }

    @Test func aStoreThatHangsIsSeenToAndDoesNotHoldUpTheEnd() throws {
        let writing = try Writing()
        try writing.append(1...10)
        writing.start()
        #expect(eventually { writing.store.content.users.count == 10 })
        writing.store.stopAnswering()
        try writing.append(11...20)
        #expect(eventually { writing.activity.silence > 20 })
        try writing.finishImpatiently()
        #expect(writing.activity.isCancelled)
        #expect(writing.store.content.users.count == 10 && writing.isBalanced)
    }

    @Test func aStoreThatIsSetBackGetsItFromTheJournalAgain() throws {
        let writing = try Writing()
        try writing.append(1...100)
        writing.start()
        #expect(eventually { writing.store.content.users.count == 100 })
        writing.store.stopSyncing()
        for start in stride(from: 101, through: 1_000, by: 100) { try writing.append(start..<start + 100) }
        #expect(eventually { writing.store.content.users.count == 1_000 })
        writing.store.setBack()
        #expect(writing.store.content.users.count == 100)
        try writing.append(1_001...1_010)
        #expect(eventually { writing.store.content.users.count == 1_010 })
        #expect(try writing.finish() == nil)
        #expect(writing.store.content.counters == ["stored": 1_010] && writing.isBalanced)
    }

    @Test func aJournalThatIsFullHasRoomOnceTheStoreIsBack() throws {
        let writing = try Writing(journalBytes: 65_536)
        writing.store.goAway()
        writing.start()
        var accepted = 0
        do {
            while accepted < 100_000 {
                try writing.append(accepted + 1...accepted + 10)
                accepted += 10
            }
        } catch { #expect(error.isFull) }
        #expect((10..<100_000).contains(accepted))
        #expect(writing.journal.head.tally == UInt64(accepted))
        writing.store.comeBack()
        #expect(eventually { writing.store.content.users.count == accepted })
        try writing.append(accepted + 1...accepted + 10)
        #expect(try writing.finish() == nil)
        #expect(writing.store.content.counters == ["stored": UInt64(accepted + 10)] && writing.isBalanced)
    }

    @Test func aStoreThatCanNeverBeUsedEndsTheWriter() throws {
        let writing = try Writing()
        writing.store.spoil("it is of a later version")
        writing.start()
        #expect(try writing.finish() == "store schema: it is of a later version")
    }

    @Test func aStoreThatWasGoodOnceIsWaitedFor() throws {
        let writing = try Writing()
        try writing.append(1...10)
        writing.start()
        #expect(eventually { writing.store.content.users.count == 10 })
        writing.store.spoil("a table is missing")
        try writing.append(11...20)
        #expect(eventually { writing.metrics.snapshot.storeFailures > 0 })
        #expect(try writing.finish() == nil)
        #expect(writing.isBalanced && writing.metrics.snapshot.pending == 10)
    }
}
