import Merge
import Record
import SampleRecords
import Testing

@Suite struct SnapshotTests {
    private func kernel(_ uid: UInt32) -> Envelope { Envelope(arrival: noon, identity: .kernel, uid: uid, pid: 1) }

    private func snapshot(_ id: UInt64) -> SampleRecord { process(id).with { $0.end = .running } }

    @Test("a snapshot is kept and is no usage") func kept() {
        var feed = Feed()
        feed.add(snapshot(1))
        #expect(feed.runs.isEmpty && feed.batch.jobs.isEmpty)
        #expect(feed.batch.snapshots.map { $0.id } == [snapshot(1).recordID])
        #expect(feed.batch.snapshots.map { $0.arrival } == [noon])
        #expect(feed.batch.snapshots.map { $0.entry } == [Feed.entry(snapshot(1))])
        #expect(feed.counters == ["merged": 1])
        #expect(feed.accountedFor == 1)
    }

    @Test("a later one of the same process is no duplicate") func replaced() {
        var feed = Feed()
        feed.add(snapshot(1))
        feed.add(snapshot(1), Envelope(arrival: noon + 1))
        #expect(feed.batch.snapshots.map { $0.arrival } == [noon + 1], "the store needs the newest only")
        #expect(feed.counters == ["merged": 2])
    }

    @Test("a sender has a bounded number of them, and others have theirs") func bounded() {
        var feed = Feed()
        for id in 1...10_000 as ClosedRange<UInt64> {
            feed.add(snapshot(id), kernel(7))
            if id % 500 == 0 { feed.merger.finishBatch() }
        }
        feed.add(snapshot(9_000), kernel(7))
        #expect(feed.counters == ["rejected.too_many_snapshots": 1])
        feed.add(snapshot(4_000), kernel(7))
        feed.add(snapshot(20_000), kernel(8))
        #expect(feed.batch.snapshots.map { $0.id } == [snapshot(4_000).recordID, snapshot(20_000).recordID])
        feed.add(process(1), kernel(7))
        feed.add(snapshot(9_000), kernel(7))
        #expect(feed.batch.snapshots.count == 3, "one that ended makes room")
    }

    @Test("a sender's snapshots in one batch are bounded, because each is a row to write") func boundedInBatch() {
        var feed = Feed()
        for id in 1...1_500 as ClosedRange<UInt64> { feed.add(snapshot(id), kernel(7)) }
        #expect(feed.batch.snapshots.count == 1_000)
        #expect(feed.counters == ["merged": 1_000, "rejected.too_many_snapshots": 500])
        feed.merger.undoBatch()
        feed.sequence = 0
        for id in 1...1_000 as ClosedRange<UInt64> { feed.add(snapshot(id), kernel(7)) }
        #expect(feed.counters == ["merged": 1_000], "an undone batch leaves room as before")
    }

    @Test("the final record counts once and ends it, in the same batch or a later one", arguments: [true, false])
    func ended(inOneBatch: Bool) {
        var feed = Feed()
        feed.add(snapshot(1))
        if !inOneBatch { feed.merger.finishBatch() }
        feed.add([process(1), process(1)])
        #expect(feed.runs.map { $0.delta.processes } == [1])
        #expect(feed.batch.endedSnapshots == [process(1).recordID])
        #expect(feed.counters["duplicate"] == 1)
    }

    @Test("one that comes after the final record is too late") func late() {
        var feed = Feed()
        feed.add([process(1), snapshot(1)])
        #expect(feed.batch.snapshots.isEmpty && feed.batch.endedSnapshots.isEmpty)
        #expect(feed.counters == ["duplicate": 1])
    }

    @Test("those that the store holds are ended too") func afterRestart() {
        var feed = Feed(Merger(running: [process(1).recordID]))
        feed.add([process(1), process(2)])
        #expect(feed.batch.endedSnapshots == [process(1).recordID])
    }

    @Test("a snapshot from before a restart does not make its final record a duplicate") func remembered() {
        var feed = Feed()
        feed.merger.remember(snapshot(1).usage, Envelope(arrival: noon), sequence: 0)
        feed.add(process(1))
        #expect(feed.counters.isEmpty && feed.runs.count == 1)
    }
}
