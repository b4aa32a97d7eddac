import Jobs
import Slurm
import Testing

@Suite struct AccountingTests {
    private func jobs(_ name: String) throws -> [String: JobFacts] {
        let facts = try Accounting.facts(try Captures.text("cli/" + name), separator: "|")
        return Dictionary(uniqueKeysWithValues: facts.map { ("\($0.jobID)/\($0.restart)", $0) })
    }

    @Test("every field of a job that ended well") func everyField() throws {
        let jobs = try jobs("sacct.P.format_ALL.txt")
        let job = try #require(jobs["1/0"])
        #expect(job.cluster == "rig")
        #expect(job.state == "COMPLETED")
        #expect(job.isFinal)
        #expect(job.exitCode == "0:0")
        #expect(job.username == "alice")
        #expect(job.uid == 2001)
        #expect(job.account == "m1234")
        #expect(job.qos == "regular")
        #expect(job.partition == "regular")
        #expect(job.numNodes == 4)
        #expect(job.numTasks == 8)
        #expect(job.nodeList == "node[01-04]")
        #expect(job.name == "envcap")
        #expect(job.submit == 1_795_228_505_000_000)
        #expect(job.start == 1_795_228_506_000_000)
        #expect(job.end == 1_795_228_514_000_000)
        #expect(job.elapsedSeconds == 8)
        #expect(job.timeLimitSeconds == 600)
        #expect(job.arrayJobID == nil && job.arrayTaskID == nil)
    }

    @Test("what a job was given, and what it used") func resources() throws {
        let jobs = try jobs("sacct.P.format_ALL.txt")
        let job = try #require(jobs["1/0"])
        #expect(job.allocatedCPUs == 8 && job.cpuSeconds == 5 && job.gpus == 0)
        #expect(job.requestedMemory == 800 << 20 && job.largestResidentSet == 32_540 << 10)
        #expect(job.steps == 12, "the batch step and eleven others")
        #expect(jobs["22/0"]?.gpus == 4)
        let lost = try #require(jobs["55/0"])
        #expect(lost.largestResidentSet == nil && lost.cpuSeconds == 0 && lost.steps == 2)
        let heterogeneous = try #require(jobs["39/0"])
        #expect(heterogeneous.allocatedCPUs == 5 && heterogeneous.gpus == 0 && heterogeneous.steps == 8)
        #expect(heterogeneous.requestedMemory == 290 << 20 && heterogeneous.largestResidentSet == 6_904 << 10)
    }

    @Test("a resource that cannot be read is not known, and costs nothing else") func unreadable() throws {
        let text = """
            JobID|JobIDRaw|State|AllocCPUS|AllocTRES|TotalCPU|ReqMem|MaxRSS|NNodes
            1|1|COMPLETED|many|cpu=8,gres/gpu|forever|lots||2
            1.batch|1.batch|COMPLETED|many|||||
            1.0|1.0|COMPLETED|8|||| 7 K|
            2|2|COMPLETED|99999999999||||-1|
            3|3|COMPLETED|64|cpu=64|2-00:00:01|2Gc||2
            3.0|3.0|COMPLETED|64||||17|
            """
        let facts = try Accounting.facts(text, separator: "|")
        #expect(facts.map { $0.jobID } == ["1", "2", "3"])
        for job in facts.prefix(2) {
            #expect(job.state == "COMPLETED" && job.allocatedCPUs == nil && job.gpus == nil && job.cpuSeconds == nil)
            #expect(job.requestedMemory == nil && job.largestResidentSet == nil)
        }
        #expect(facts.map { $0.steps } == [2, 0, 1])
        let last = try #require(facts.last)
        #expect(last.allocatedCPUs == 64 && last.gpus == 0 && last.cpuSeconds == 172_801)
        #expect(last.requestedMemory == 128 << 30 && last.largestResidentSet == 17)
    }

    @Test(
        "states are right",
        arguments: [
            ("15/0", "FAILED", "3:0"), ("16/0", "FAILED", "11:0"), ("24/0", "TIMEOUT", "0:0"),
            ("26/0", "TIMEOUT", "0:0"), ("30/0", "OUT_OF_MEMORY", "1:0"), ("31/0", "CANCELLED", "0:0"),
            ("54/0", "CANCELLED", "0:0"), ("55/0", "NODE_FAIL", "0:0"), ("33/0", "REQUEUED", "0:0"),
            ("33/1", "REQUEUED", "0:0"), ("33/2", "COMPLETED", "0:0"), ("58/0", "NODE_FAIL", "0:0"),
        ])
    func states(_ key: String, _ state: String, _ exitCode: String) throws {
        let job = try #require(try jobs("sacct.P.format_ALL.txt")[key])
        #expect(job.state == state)
        #expect(job.exitCode == exitCode)
        #expect(job.isFinal)
    }

    @Test("what runs, waits or is held up has not ended") func unfinished() throws {
        let jobs = try jobs("sacct.P.format_ALL.txt")
        for (key, state) in [("56/0", "SUSPENDED"), ("63/0", "RUNNING")] {
            #expect(jobs[key]?.state == state)
            #expect(jobs[key]?.isFinal == false)
            #expect(jobs[key]?.end == nil)
        }
    }

    @Test("each start of a job that was requeued is one, in order") func requeued() throws {
        let jobs = try jobs("sacct.P.format_ALL.txt")
        #expect(jobs["33/0"]?.start == SlurmText.time("2026-11-21T02:37:30"))
        #expect(jobs["33/1"]?.start == SlurmText.time("2026-11-21T02:40:11"))
        #expect(jobs["33/2"]?.start == SlurmText.time("2026-11-21T02:42:44"))
        #expect(jobs["33/3"] == nil)
        let short = try self.jobs("sacct.requeued33.D.txt")
        #expect(short.keys.sorted() == ["33/0", "33/1", "33/2"])
        #expect(short["33/2"]?.state == "COMPLETED")
    }

    @Test("a task of an array has its own number and knows its place") func arrays() throws {
        let jobs = try jobs("sacct.array13.txt")
        #expect(jobs.count == 6)
        #expect(jobs["19/0"]?.arrayJobID == 13)
        #expect(jobs["19/0"]?.arrayTaskID == 1)
    }

    @Test("components of a heterogeneous job are one job by the leader's number") func heterogeneous() throws {
        let jobs = try jobs("sacct.P.format_ALL.txt")
        let job = try #require(jobs["39/0"])
        #expect(jobs["40/0"] == nil)
        #expect(job.numNodes == 3)
        #expect(job.nodeList == "node02,node[03-04]")
        #expect(job.numTasks == 5)
        #expect(job.state == "COMPLETED")
        #expect(try self.jobs("sacct.het39.txt")["39/0"]?.nodeList == "node02,node[03-04]")
    }

    @Test("tables without the raw number are read too") func defaults() throws {
        #expect(try jobs("sacct.X.P.default.txt")["24/0"]?.state == "TIMEOUT")
        #expect(try jobs("sacct.P.default.txt")["30/0"]?.state == "OUT_OF_MEMORY")
    }

    @Test("a number that came round again is another job, not a requeue") func numberAgain() throws {
        let text = """
            JobID|JobIDRaw|State|Submit|Start|End
            7|7|COMPLETED|2024-01-01T00:00:00|2024-01-01T00:00:00|2024-01-01T01:00:00
            7|7|REQUEUED|2026-01-01T00:00:00|2026-01-01T00:00:00|2026-01-01T01:00:00
            7|7|FAILED|2026-01-01T01:00:00|2026-01-01T01:10:00|2026-01-01T02:00:00
            """
        let facts = try Accounting.facts(text, separator: "|")
        #expect(facts.map { $0.state } == ["COMPLETED", "REQUEUED", "FAILED"])
        #expect(facts.map { $0.restart } == [0, 0, 1])
    }

    @Test("a name with a line break costs no other job") func lineBreak() throws {
        let text = "JobID|JobIDRaw|State|JobName\n1|1|COMPLETED|two\nlines\n2|2|FAILED|one\n"
        #expect(try Accounting.facts(text, separator: "|").map { $0.jobID } == ["1", "2"])
    }

    @Test(
        "bytes alone part lines and fields, whatever a name begins or ends with",
        arguments: ["ends in a carriage return\r", "\u{301}begins with a mark that joins what is before it"])
    func names(_ name: String) throws {
        let text = "JobID|JobIDRaw|State|JobName\n1|1|COMPLETED|\(name)\n2|2|FAILED|one\n"
        let facts = try Accounting.facts(text, separator: "|")
        #expect(facts.map { $0.jobID } == ["1", "2"])
        #expect(facts.first?.name.map { Array($0.utf8) } == Array(name.utf8))
    }

    @Test("an answer without heading, or of another form, is an error that says so") func notAnAnswer() {
        #expect(throws: JobSourceError.unreadable(what: "sacct", why: "the heading is missing")) {
            try Accounting.facts("", separator: "|")
        }
        #expect(throws: JobSourceError.unreadable(what: "sacct", why: "there is no column JobID")) {
            try Accounting.facts("sacct: error: nothing", separator: "|")
        }
    }

    @Test("an answer with a heading alone means that Slurm does not know the jobs") func nobody() throws {
        let separator = Accounting.newSeparator()
        let heading = Accounting.fields.joined(separator: separator)
        #expect(try Accounting.facts(heading + "\n", separator: separator).isEmpty)
    }

    @Test("no job's name can forge another job, because the next question's separator is random") func forged()
        throws
    {
        let separator = Accounting.newSeparator()
        #expect(separator != Accounting.newSeparator())
        #expect(Accounting.arguments(["1", "2"], separator: separator).contains("--delimiter=\(separator)"))
        func row(_ id: String, _ state: String, _ name: String, _ separator: String) -> String {
            Accounting.fields.map { field in
                switch field {
                case "JobIDRaw", "JobID": id
                case "State": state
                case "JobName": name
                default: ""
                }
            }.joined(separator: separator)
        }
        for guess in ["\u{1F}", "|", Accounting.newSeparator()] {
            let lie = "x\n" + row("2", "COMPLETED", "lie", guess)
            let text =
                ([Accounting.fields.joined(separator: separator)]
                + [row("2", "FAILED", "true", separator), row("1", "FAILED", lie, separator)]).joined(separator: "\n")
            #expect(
                try Accounting.facts(text, separator: separator).map { "\($0.jobID) \($0.state)" } == [
                    "1 FAILED", "2 FAILED",
                ])
        }
    }
}
