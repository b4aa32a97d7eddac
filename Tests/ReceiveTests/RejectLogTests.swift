import Logging
import Receive
import Record
import Testing
import Threads

@Suite struct RejectLogTests {
    private let minute: Int64 = 60_000_000

    private func note(_ text: String, in log: RejectLog, now: Int64) {
        var text = text
        text.withUTF8 { log.note(.badJSON, UnsafeRawBufferPointer($0), sender: "192.0.2.7", now: now) }
    }

    @Test func aFloodOfRejectsIsAFewLinesAMinute() {
        let kept = KeptLog()
        let log = RejectLog(logger: kept.logger, perMinute: Tunable(3))
        for _ in 1...100 { note("x", in: log, now: minute) }
        #expect(kept.lines.count == 3)
        note("x", in: log, now: 2 * minute)
        #expect(kept.lines.count == 5 && kept.lines.contains { $0.contains("count=97") })
    }

    @Test func theBoundChangesWhileTheDaemonRuns() {
        let kept = KeptLog()
        let perMinute = Tunable(1)
        let log = RejectLog(logger: kept.logger, perMinute: perMinute)
        for _ in 1...5 { note("x", in: log, now: minute) }
        perMinute.set(4)
        for _ in 1...5 { note("x", in: log, now: minute) }
        #expect(kept.lines.count == 4)
    }

    @Test func aSenderCannotForgeALine() {
        let kept = KeptLog()
        note("a\nb\u{1B}[31m\"\\", in: RejectLog(logger: kept.logger, perMinute: Tunable(1)), now: minute)
        #expect(kept.lines.first?.contains("begins=a\\x0ab\\x1b[31m\\x22\\x5c") == true)
    }
}
