import Jobs
import Record
import Testing

@Suite struct JobSweepTests {
    private let second: Int64 = 1_000_000
    private let now: Int64 = 1_795_262_400_000_000

    private func open(_ row: Int64, _ id: String, restart: Int64 = 0, cluster: String = "rig", attempts: Int64 = 0)
        -> OpenJob
    { OpenJob(row: row, cluster: cluster, jobID: id, restart: restart, attempts: attempts) }

    private func facts(_ id: String, _ state: String, restart: Int64 = 0, isFinal: Bool = true) -> JobFacts {
        var facts = JobFacts(jobID: id, restart: restart, state: state, isFinal: isFinal)
        facts.cluster = "rig"
        facts.partition = "regular"
        return facts
    }

    private func sweep(cluster: String? = "rig", batch: Int = 500) -> JobSweep {
        JobSweep(cluster: cluster, batchSize: batch, interval: 30 * second) { $0 != "1;rm" }
    }

    /// A whole sweep up to the accounting.
    private func look(_ sweep: inout JobSweep, _ open: [OpenJob], _ running: [JobFacts]) -> JobSweep.Findings {
        sweep.begin(running: running)
        defer { sweep.finish() }
        return sweep.look(at: open)
    }

    @Test("what runs is written once, until it changes") func running() {
        var sweep = sweep()
        let running = facts("1", "RUNNING", isFinal: false)
        #expect(look(&sweep, [open(7, "1")], [running]).outcomes == [.facts(row: 7, running)])
        #expect(look(&sweep, [open(7, "1")], [running]) == JobSweep.Findings())
        let suspended = facts("1", "SUSPENDED", isFinal: false)
        #expect(look(&sweep, [open(7, "1")], [suspended]).outcomes == [.facts(row: 7, suspended)])
    }

    @Test("what could not be written is found again") func notWritten() {
        var sweep = sweep()
        let running = facts("1", "RUNNING", isFinal: false)
        for _ in 1...2 {
            sweep.begin(running: [running])
            #expect(sweep.look(at: [open(7, "1")]).outcomes == [.facts(row: 7, running)])
            // the store is unavailable, so the sweep does not end
        }
        #expect(look(&sweep, [open(7, "1")], [running]).outcomes == [.facts(row: 7, running)])
        #expect(look(&sweep, [open(7, "1")], [running]).outcomes == [])
    }

    @Test("jobs are looked at in any number of parts, by one question") func parts() {
        var sweep = sweep()
        sweep.begin(running: [facts("1", "RUNNING", isFinal: false), facts("3", "RUNNING", isFinal: false)])
        #expect(sweep.look(at: [open(1, "1"), open(2, "2")]).ended == [open(2, "2")])
        #expect(sweep.look(at: [open(3, "3"), open(4, "4")]).ended == [open(4, "4")])
        sweep.finish()
        #expect(
            look(&sweep, [open(1, "1"), open(3, "3")], [facts("3", "RUNNING", isFinal: false)]).outcomes.isEmpty)
    }

    @Test("what has ended is asked for in batches, each number once") func batches() {
        var sweep = sweep(batch: 2)
        let findings = look(
            &sweep, [open(1, "30"), open(2, "10"), open(3, "20"), open(4, "10", restart: 1), open(5, "40")], [])
        let batches = sweep.batches(findings.ended)
        #expect(batches.map { JobSweep.numbers($0) } == [["10", "20"], ["30", "40"]])
        #expect(batches[0].map { $0.row } == [2, 4, 3])
    }

    @Test("5,000 ended jobs are ten questions") func count() {
        var sweep = sweep()
        let batches = sweep.batches(look(&sweep, (1...5_000).map { open($0, "\($0)") }, []).ended)
        #expect(batches.count == 10)
        #expect(batches.allSatisfy { $0.count == 500 })
    }

    @Test("a start that ended is told though a later one runs") func requeued() {
        var sweep = sweep()
        let later = facts("1", "RUNNING", restart: 1, isFinal: false)
        let findings = look(&sweep, [open(7, "1"), open(8, "1", restart: 1)], [later])
        #expect(findings.outcomes == [.facts(row: 8, later)])
        #expect(findings.ended == [open(7, "1")])
        let first = facts("1", "REQUEUED")
        #expect(sweep.judge(findings.ended, accounted: [first, later], now: now) == [.facts(row: 7, first)])
    }

    @Test("what the accounting does not know yet is asked for again soon, then more and more seldom, then no more")
    func unknown() {
        var sweep = sweep()
        var delays: [Int64] = []
        var attempts: Int64 = 0
        while delays.count < 100 {
            let outcome = sweep.judge([open(7, "1", attempts: attempts)], accounted: [], now: now).first
            guard case .later(7, let next, let due)? = outcome else {
                #expect(outcome == .unknown(row: 7))
                break
            }
            attempts = next
            delays.append((due - now) / second)
        }
        #expect(delays == [15, 15, 15, 480, 960, 1_920, 3_600, 3_600, 3_600, 3_600, 3_600])
    }

    @Test("a job that is not over by the accounting's word is asked for again, and never given up") func notOver() {
        var sweep = sweep()
        let outcome = sweep.judge(
            [open(7, "1", attempts: 11)], accounted: [facts("1", "COMPLETING", isFinal: false)], now: now)
        #expect(outcome == [.later(row: 7, attempts: 0, due: now + 15 * second)])
    }

    @Test("the end may be known before the rest is") func half() {
        var sweep = sweep()
        var half = facts("1", "COMPLETED")
        half.partition = nil
        #expect(
            sweep.judge([open(7, "1")], accounted: [half], now: now)
                == [.later(row: 7, attempts: 1, due: now + 15 * second)])
        #expect(sweep.judge([open(7, "1", attempts: 10)], accounted: [half], now: now) == [.facts(row: 7, half)])
    }

    @Test("a number that no job can have is never asked for") func noNumber() {
        var sweep = sweep()
        let findings = look(&sweep, [open(7, "1;rm")], [])
        #expect(findings.outcomes == [.unknown(row: 7)] && findings.ended.isEmpty)
    }

    @Test("jobs of other clusters are left alone, those of none are ours") func clusters() {
        var sweep = sweep()
        let findings = look(&sweep, [open(1, "1", cluster: "other"), open(2, "2", cluster: "")], [])
        #expect(findings.ended == [open(2, "2", cluster: "")])
    }

    @Test("whose the jobs are is learnt from the answers") func learning() {
        var sweep = sweep(cluster: nil)
        #expect(sweep.cluster == nil)
        _ = look(&sweep, [], [facts("1", "RUNNING", isFinal: false)])
        #expect(sweep.cluster == "rig")
        // another cluster's job was asked for first: that its number is unknown here says nothing about the job
        #expect(sweep.judge([open(1, "1", cluster: "other")], accounted: [], now: now).isEmpty)
    }

    /// Facts of a job that was there on some days.
    private func facts(_ state: String, from submitted: Int64, through end: Int64?) -> JobFacts {
        var facts = facts("7", state, isFinal: end != nil)
        facts.submit = submitted * Calendar.microsecondsPerDay
        facts.end = end.map { ($0 + 1) * Calendar.microsecondsPerDay - 1 }
        return facts
    }

    @Test(
        "of several jobs of a number each gets the facts of its time",
        arguments: [
            (100, "OLD"), (99, "OLD"), (85, "OLD"), (84, ""), (116, "OLD"), (117, ""), (150, ""), (186, "NEW"),
            (205, "NEW"), (500, ""),
        ] as [(Int64, String)])
    func times(_ day: Int64, _ state: String) {
        var sweep = sweep()
        let job = OpenJob(row: 1, cluster: "rig", jobID: "7", restart: 0, attempts: 0, days: day...day)
        let outcomes = sweep.judge(
            [job], accounted: [facts("OLD", from: 100, through: 102), facts("NEW", from: 200, through: 210)], now: now)
        if state.isEmpty {
            #expect(outcomes == [.later(row: 1, attempts: 1, due: now + 15 * second)])
        } else if case .facts(_, let found)? = outcomes.first {
            #expect(found.state == state)
        } else {
            Issue.record("no facts: \(outcomes)")
        }
    }

    @Test("a job that runs now is not one of years ago") func runningOther() {
        var sweep = sweep()
        let running = facts("RUNNING", from: 200, through: nil)
        func job(_ days: ClosedRange<Int64>) -> OpenJob {
            OpenJob(row: days.lowerBound, cluster: "rig", jobID: "7", restart: 0, attempts: 0, days: days)
        }
        let findings = look(&sweep, [job(10...10), job(200...201), job(300...300)], [running])
        #expect(findings.ended == [job(10...10)])
        #expect(findings.outcomes == [.facts(row: 200, running), .facts(row: 300, running)])
    }
}
