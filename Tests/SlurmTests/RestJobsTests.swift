import Jobs
import Slurm
import Testing

@Suite struct RestJobsTests {
    private func queue(_ name: String) throws -> [JobFacts] {
        RestJobs.queue(
            try SlurmDocument(try Captures.bytes(name), keys: RestJobs.queueKeys, from: name))
    }

    private func accounting(_ name: String) throws -> [JobFacts] {
        RestJobs.accounting(
            try SlurmDocument(try Captures.bytes(name), keys: RestJobs.accountingKeys, from: name))
    }

    @Test("what the interface says of a job is what the commands say, in every capture") func allAgree() throws {
        let sacct = try Accounting.facts(try Captures.text("cli/sacct.P.format_ALL.txt"), separator: "|")
        let known = Dictionary(
            uniqueKeysWithValues: sacct.map { (JobKey(jobID: $0.jobID, restart: $0.restart), $0) })
        var compared = 0
        for name in try Captures.names("slurmrestd") where name.hasPrefix("dbv0.0.38") {
            // one component of job 39, asked for by its own number, which its processes do not know
            if name.contains("heterogen_40") { continue }
            for var facts in try accounting("slurmrestd/" + name) {
                guard var expected = known[JobKey(jobID: facts.jobID, restart: facts.restart)] else { continue }
                // waiting tasks of an array are counted together, and captures of living jobs were made at different
                // moments
                guard expected.isFinal, facts.isFinal else { continue }
                // the interface has no user ids. It has no exit code for failed jobs. For components it has a number of
                // tasks only for steps that ran in several of them
                (facts.uid, expected.uid) = (nil, nil)
                if facts.state == "FAILED" || facts.state == "OUT_OF_MEMORY" { facts.exitCode = expected.exitCode }
                if facts.state == "CANCELLED" || facts.state == "NODE_FAIL" { expected.exitCode = facts.exitCode }
                #expect(facts == expected, "\(name)")
                compared += 1
            }
        }
        #expect(compared > 50)
    }

    @Test("what the controller remembers, in every capture") func allQueued() throws {
        var read = 0
        for name in try Captures.names("slurmrestd") where name.hasPrefix("v0.0.38") {
            let jobs = try queue("slurmrestd/" + name)
            #expect(jobs.isEmpty == (name.contains("NOTFOUND") || name.contains("BADID")), "\(name)")
            for job in jobs {
                #expect(
                    job.cluster == "rig" && job.username != nil && job.account != nil && job.submit != nil, "\(name)")
                #expect(job.numTasks != nil && job.timeLimitSeconds != nil, "\(name)")
            }
            read += jobs.count
        }
        #expect(read > 50)
    }

    @Test("exit codes and signals as sacct writes them") func exitCodes() throws {
        #expect(try queue("slurmrestd/v0.0.38.job.fail_exit_15.json").first?.exitCode == "3:0")
        // a shell ended with 139
        #expect(try queue("slurmrestd/v0.0.38.job.segv_16.json").first?.exitCode == "11:0")
        // 22.05 claims 0 of a job that failed
        #expect(try accounting("slurmrestd/dbv0.0.38.job.fail_exit_15.json").first?.exitCode == nil)
    }

    @Test("a job that ran out of memory, was requeued, is heterogeneous or lost a node") func special() throws {
        #expect(try accounting("slurmrestd/dbv0.0.38.job.oom_30.json").first?.state == "OUT_OF_MEMORY")
        let requeued = try accounting("slurmrestd/dbv0.0.38.job.requeue_me_33.json")
        #expect(requeued.map { $0.state } == ["REQUEUED", "REQUEUED", "COMPLETED"])
        #expect(requeued.map { $0.restart } == [0, 1, 2])
        let heterogeneous = try accounting("slurmrestd/dbv0.0.38.job.heterogen_39.json")
        #expect(heterogeneous.map { $0.jobID } == ["39"])
        #expect(heterogeneous.first?.numNodes == 3)
        let lost = try accounting("slurmrestd/dbv0.0.38.job.run_mn_58.json")
        #expect(lost.map { $0.state } == ["NODE_FAIL", "PENDING"])
        let waiting = try #require(try queue("slurmrestd/v0.0.38.job.run_mn_58.json").first)
        #expect(waiting.restart == 1 && waiting.state == "PENDING" && waiting.end == nil)
    }

    @Test("the same by commands that write JSON") func commands() throws {
        #expect(try accounting("cli/sacct.j39.json").map { $0.jobID } == ["39"])
        let tasks = try accounting("cli/sacct.j13.json")
        #expect(tasks.allSatisfy { $0.arrayJobID == 13 && $0.state == "COMPLETED" })
        #expect(tasks.count == 6)
        let jobs = try queue("cli/squeue.json")
        #expect(jobs.contains { $0.jobID == "63" && $0.state == "RUNNING" && $0.numTasks == 8 })
    }

    /// As `slurmrestd -s openapi/slurmdbd` of 23.02 and later writes it.
    @Test("from version 0.0.39 on numbers and states have another form") func newer() throws {
        let text = """
            {"jobs": [{
                "account": "m1", "allocation_nodes": 2, "cluster": "alps", "user": "ann", "qos": "normal",
                "array": {"job_id": 70, "task_id": {"set": true, "infinite": false, "number": 3}, "task": ""},
                "association": {"account": "m1", "cluster": "alps", "partition": "", "user": "ann", "id": 3},
                "exit_code": {"status": ["SIGNALED"], "return_code": {"set": false, "infinite": false, "number": 0},
                    "signal": {"id": {"set": true, "infinite": false, "number": 9}, "name": "KILL"}},
                "het": {"job_id": 0, "job_offset": {"set": false, "infinite": false, "number": 0}},
                "job_id": 73, "name": "x", "nodes": "nid[1-2]", "partition": "cpu",
                "state": {"current": ["TIMEOUT"], "reason": "TimeLimit"},
                "time": {"elapsed": 60, "end": 1795229031, "start": 1795228971, "submission": 1795228970,
                    "limit": {"set": true, "infinite": false, "number": 1}, "planned": {"set": true, "number": 1},
                    "total": {"seconds": 100, "microseconds": 999999}},
                "tres": {"allocated": [{"type": "cpu", "name": "", "id": 1, "count": 64},
                        {"type": "gres", "name": "gpu", "id": 1001, "count": 4},
                        {"type": "gres", "name": "gpu:a100", "id": 1002, "count": 4}],
                    "requested": [{"type": "mem", "name": "", "id": 2, "count": 2048}]},
                "steps": [
                    {"state": ["CANCELLED"], "tasks": {"count": 4},
                        "time": {"total": {"seconds": 1, "microseconds": 2}},
                        "tres": {"requested": {"max": [{"type": "mem", "name": "", "id": 2, "count": 4096}]}}},
                    {"state": ["CANCELLED"], "tasks": {"count": 1}, "time": {"total": {}},
                        "tres": {"requested": {"max": [{"type": "mem", "name": "", "id": 2, "count": "?"}]}}}]}],
             "meta": {"plugin": {"type": "openapi/slurmdbd"}}, "errors": [], "warnings": []}
            """
        let jobs = RestJobs.accounting(
            try SlurmDocument([UInt8](text.utf8), keys: RestJobs.accountingKeys, from: "text"))
        let job = try #require(jobs.first)
        #expect(job.jobID == "73" && job.arrayJobID == 70 && job.arrayTaskID == 3)
        #expect(job.state == "TIMEOUT" && job.isFinal && job.exitCode == "0:9")
        #expect(job.timeLimitSeconds == 60 && job.elapsedSeconds == 60 && job.numTasks == 4 && job.numNodes == 2)
        #expect(job.allocatedCPUs == 64 && job.cpuSeconds == 100 && job.gpus == 4 && job.steps == 2)
        #expect(job.requestedMemory == 2 << 30 && job.largestResidentSet == 4_096)
    }

    @Test("from version 0.0.39 on the controller's jobs have another form too") func newerQueue() throws {
        let text = """
            {"jobs": [{
                "job_id": 73, "array_job_id": {"set": true, "infinite": false, "number": 0},
                "array_task_id": {"set": false, "infinite": false, "number": 0},
                "het_job_id": {"set": true, "infinite": false, "number": 0},
                "job_state": ["RUNNING", "COMPLETING"], "restart_cnt": 2, "user_name": "ann", "user_id": 501,
                "node_count": {"set": true, "infinite": false, "number": 2}, "nodes": "nid[1-2]",
                "tasks": {"set": true, "infinite": false, "number": 8}, "account": "m1", "cluster": "alps",
                "time_limit": {"set": true, "infinite": true, "number": 0},
                "submit_time": {"set": true, "infinite": false, "number": 1795228970},
                "start_time": {"set": true, "infinite": false, "number": 1795228971},
                "exit_code": {"status": ["SUCCESS"], "return_code": {"set": true, "infinite": false, "number": 0},
                    "signal": {"id": {"set": false, "infinite": false, "number": 0}, "name": ""}}}]}
            """
        let jobs = RestJobs.queue(
            try SlurmDocument([UInt8](text.utf8), keys: RestJobs.queueKeys, from: "text"))
        let job = try #require(jobs.first)
        #expect(job.jobID == "73" && job.restart == 2 && job.state == "COMPLETING" && !job.isFinal)
        #expect(job.numNodes == 2 && job.numTasks == 8 && job.timeLimitSeconds == nil && job.exitCode == "0:0")
        #expect(job.arrayJobID == nil && job.start == 1_795_228_971_000_000)
    }

    @Test(
        "what is no JSON is an error",
        arguments: ["", "[]", "{", "{\"jobs\": [", "{\"jobs\": [{]}", "Authentication failure", "{\"jobs\": []} x"])
    func noJSON(_ text: String) {
        #expect(throws: JobSourceError.self) {
            try SlurmDocument([UInt8](text.utf8), keys: RestJobs.queueKeys, from: "text")
        }
    }

    @Test("nesting has a bound") func deep() {
        let text = "{\"errors\": [" + String(repeating: "[", count: 10_000)
        #expect(throws: JobSourceError.unreadable(what: "text", why: "it nests too deep")) {
            try SlurmDocument([UInt8](text.utf8), keys: [], from: "text")
        }
    }

    @Test("every capture cut anywhere is an error, never another answer") func cut() throws {
        let bytes = try Captures.bytes("slurmrestd/v0.0.38.job.oom_30.json")
        let end = try #require(bytes.lastIndex(of: UInt8(ascii: "}")))
        for count in stride(from: 0, to: end, by: 7) {
            #expect(throws: JobSourceError.self) {
                try SlurmDocument(Array(bytes[..<count]), keys: RestJobs.queueKeys, from: "cut")
            }
        }
    }
}
