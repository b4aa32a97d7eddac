import Jobs
import Slurm
import Testing

@Suite struct QueueTests {
    @Test("the jobs of a real queue") func capture() throws {
        let jobs = try Queue.facts(try Captures.bytes("cli/squeue.Format.txt"))
        #expect(jobs.map { $0.jobID } == ["9", "15", "11", "14"])
        let named = jobs[0]
        #expect(named.name == "pipe|name ü")
        #expect(named.state == "RUNNING")
        #expect(!named.isFinal)
        #expect(named.restart == 0)
        #expect(named.cluster == "rig")
        #expect(named.username == "alice")
        #expect(named.uid == 2001)
        #expect(named.account == "m1234")
        #expect(named.qos == "regular")
        #expect(named.partition == "regular")
        #expect(named.numNodes == 2)
        #expect(named.numTasks == 3)
        #expect(named.timeLimitSeconds == 600)
        #expect(named.submit != nil && named.start != nil)
        #expect(jobs[1].arrayJobID == 10 && jobs[1].arrayTaskID == 0)
        // one node and one task, and two nodes and four
        #expect(jobs[2].numNodes == 3 && jobs[2].numTasks == 5)
        #expect(jobs[3].restart == 1)
        #expect(jobs[3].timeLimitSeconds == 93_840)
    }

    @Test("a name with line breaks costs neither its job nor another") func lineBreak() throws {
        let capture = String(decoding: try Captures.bytes("cli/squeue.Format.txt"), as: UTF8.self)
        let jobs = try Queue.facts([UInt8](capture.replacing("pipe|name ü", with: "two\nlines\r\nx").utf8))
        #expect(jobs.map { $0.jobID } == ["9", "15", "11", "14"])
        #expect(jobs[0].name == "two")
    }

    @Test("nothing runs") func empty() throws { #expect(try Queue.facts([]).isEmpty) }

    @Test("another form is an error") func otherForm() {
        #expect(throws: JobSourceError.self) { try Queue.facts([UInt8]("squeue: error\n".utf8)) }
    }

    @Test(
        "lengths of time",
        arguments: [
            ("5:00", 300), ("10:00", 600), ("1:00:00", 3_600), ("2-00:00:00", 172_800), ("1-02", 93_600),
            ("30", 1_800), ("UNLIMITED", nil), ("Partition_Limit", nil), ("", nil), ("1:2:3:4", nil), ("-5", nil),
        ] as [(String, Int64?)])
    func durations(_ text: String, _ seconds: Int64?) { #expect(SlurmText.duration(text) == seconds) }

    @Test(
        "times",
        arguments: [
            ("1970-01-02T00:00:00", 86_400_000_000), ("2026-11-21T02:35:05", 1_795_228_505_000_000),
            ("1795228505", 1_795_228_505_000_000), ("Unknown", nil), ("N/A", nil), ("None", nil), ("0", nil),
            ("4294967294", nil), ("2026-13-01T00:00:00", nil), ("2026-02-30T00:00:00", nil),
            ("9999999999999999999-01-01T00:00:00", nil),
        ] as [(String, Int64?)])
    func times(_ text: String, _ microseconds: Int64?) { #expect(SlurmText.time(text) == microseconds) }

    @Test(
        "a number that is none never stands on a command line",
        arguments: ["", "1;rm", "1,2", "-1", "１", "12345678901"])
    func noNumber(_ text: String) { #expect(!SlurmText.isJobID(text)) }
}
