import Receive
import Testing
import Threads

@Suite struct SyncTests {
    @Test func theStopSignalEndsTheSyncAtOnce() throws {
        let receiving = try Receiving()
        let stop = StopSignal()
        let (journal, logger) = (receiving.journal, receiving.log.logger)
        let stage = Stage("sync") {
            JournalSync(journal, interval: Tunable(3_600_000), stop: stop, logger: logger).run()
        }
        #expect(!stage.join(milliseconds: 10))
        stop.request()
        #expect(stage.join(milliseconds: 10_000))
        #expect(receiving.log.lines.isEmpty)
    }
}
