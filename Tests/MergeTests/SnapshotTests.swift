import Merge
import Record
import SampleRecords
import Testing

@Suite struct SnapshotTests {
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
        #expect(feed.batch.snapshots.map { $0.arrival } == [noon, noon + 1])
        #expect(feed.counters == ["merged": 2])
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
