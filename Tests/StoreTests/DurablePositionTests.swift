import Store
import Testing

@Suite struct DurablePositionTests {
    private func at(_ sequence: UInt64) -> SourcePosition { SourcePosition(sequence: sequence, tally: sequence) }

    @Test("a commit is on disk once the log is, up to where it ended behind it") func log() {
        var position = DurablePosition(committed: at(0))
        position.commit(at(5))
        position.note(LogProgress(end: 100, safe: 90), after: at(5))
        #expect(position.committed == at(5) && position.onDisk == nil && position.isWaiting)
        position.commit(at(9))
        position.note(LogProgress(end: 200, safe: 150), after: at(9))
        #expect(position.onDisk == at(5) && position.isWaiting)
        position.note(LogProgress(end: 250, safe: 200), after: nil)
        #expect(position.onDisk == at(9) && !position.isWaiting)
    }

    @Test("a commit that has waited for the disk settles all before it") func settled() {
        var position = DurablePosition(committed: at(0))
        position.note(LogProgress(end: 100, safe: 90), after: at(5))
        position.commit(at(9))
        position.settle()
        #expect(position.onDisk == at(9) && !position.isWaiting)
    }

    @Test("what an earlier connection told of its log counts no more") func forgotten() {
        var position = DurablePosition(committed: at(0))
        position.note(LogProgress(end: 100, safe: 90), after: at(5))
        position.forgetLog()
        position.note(LogProgress(end: 50, safe: 50), after: nil)
        #expect(position.onDisk == nil)
    }

    @Test("a source has entries once one of them is committed") func entries() {
        #expect(!DurablePosition().hasEntries && !DurablePosition(committed: at(0)).hasEntries)
        #expect(DurablePosition(committed: at(1)).hasEntries)
    }
}
