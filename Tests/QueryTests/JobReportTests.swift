import JSON
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct JobReportTests {
    /// The columns of a run's key that the job report shows.
    private struct RunWords: Hashable {
        let step: String
        let username: String
        let executable: String
        let main: String
        let packages: [String]
        /// Another day or restart makes another run of otherwise equal words.
        let dayAndRestart: [Int64]
    }

    private func words(_ process: SampleRecord) -> RunWords {
        RunWords(
            step: process[.stepID] ?? "", username: process.user ?? "", executable: process[.executable] ?? "",
            main: process[.main] ?? "",
            packages: process.packages.map { package in
                let direct = process.direct.map { $0.contains(package.name) ? "direct" : "indirect" } ?? "unknown"
                return "\(package.name) \(package.version ?? "none") \(direct)"
            }.sorted(by: bytesBefore),
            dayAndRestart: [Int64(process.dayNumber), process.restart ?? 0])
    }

    private func words(_ run: JobReport.Run, restart: Int64) -> RunWords {
        RunWords(
            step: run.step, username: run.username, executable: run.executable, main: run.main,
            packages: run.packages.map { package in
                let direct = package.direct.map { $0 ? "direct" : "indirect" } ?? "unknown"
                return "\(package.name) \(package.version ?? "none") \(direct)"
            },
            dayAndRestart: [run.firstSeen / Calendar.microsecondsPerDay, restart])
    }

    @Test("every job of the centre") func everyJob() throws {
        let ids = Set(SampleCentre.processes.compactMap { $0.job?.id }).sorted()
        #expect(ids.count > 20)
        let readers = try SampleCentre.databases().map { try $0.location.reader() }
        for id in ids {
            let answers = try readers.map { try JobReport.ask($0, jobID: id) }
            #expect(answers[0].map { $0.answer().json.formatted } == answers[1].map { $0.answer().json.formatted })
            let own = SampleCentre.processes.filter { $0.job?.id == id }
            let clusters = Set(own.compactMap { $0[.cluster] }).sorted(by: bytesBefore)
            #expect(answers[0].map { $0.cluster } == clusters)
            for report in answers[0] { check(report, own.filter { $0[.cluster] == report.cluster }) }
        }
    }

    private func check(_ report: JobReport, _ own: [SampleRecord]) {
        #expect(
            report.source == .environment && report.state == nil && report.elapsedSeconds == nil && report.submit == nil
        )
        let restart = own.compactMap { $0.restart }.max() ?? 0
        let last = own.filter { ($0.restart ?? 0) == restart }
        #expect(report.numNodes == last.compactMap { $0.numNodes }.first)
        #expect(report.account == last.compactMap { $0[.account] }.first)
        var groups = Dictionary(grouping: own) { words($0) }
        #expect(report.runs.count == groups.count)
        #expect(report.runs.map { $0.firstSeen } == report.runs.map { $0.firstSeen }.sorted())
        #expect(report.ends.processes == Int64(own.count))
        #expect(report.ends.exceptions == Int64(own.filter { $0.end == .exception }.count))
        #expect(report.stepCount == Set(own.map { $0[.stepID] ?? "" }).count)
        let versions = Dictionary(grouping: own.flatMap { $0.packages }) { $0.name }.mapValues { packages in
            Set(packages.compactMap { $0.version }).sorted(by: bytesBefore)
        }
        #expect(Dictionary(uniqueKeysWithValues: report.packages.all.map { ($0.name, $0.versions) }) == versions)
        for run in report.runs {
            // the runs of a requeued job do not tell to which start they belong
            let possible = (0...restart).map { words(run, restart: $0) }.filter { groups[$0] != nil }
            let match = possible.first { groups[$0]?.count == Int(run.processes) }
            guard let match, let processes = groups.removeValue(forKey: match) else {
                Issue.record("job \(report.jobID): no such run: \(run)")
                continue
            }
            #expect(run.ranksReported == Int64(processes.filter { $0.rank != nil }.count))
            #expect(run.python == processes.first?[.python])
            #expect(run.firstSeen == processes.compactMap { $0.time }.min())
            #expect(run.lastSeen == processes.compactMap { $0.time }.max())
            #expect(run.end == processes.compactMap { $0.end }.max() ?? .exit)
            #expect(run.prefix == processes.first?[.prefix] ?? "")
            #expect(run.ends.killed == Int64(processes.filter { $0.end == .killed }.count))
        }
    }

    @Test("one cluster's job, or none") func oneCluster() throws {
        for database in try SampleCentre.databases() {
            let reader = try database.location.reader()
            let all = try JobReport.ask(reader, jobID: "1000")
            #expect(all.map { $0.cluster } == ["alvarez", "main"])
            #expect(try JobReport.ask(reader, jobID: "1000", cluster: "main") == [all[1]])
            #expect(try JobReport.ask(reader, jobID: "1000", cluster: "other").isEmpty)
            #expect(try JobReport.ask(reader, jobID: "no such job").isEmpty)
            #expect(try JobReport.ask(reader, jobID: "").isEmpty)
        }
    }

    @Test("what Slurm says of a requeued job's last start, and the runs of all", arguments: Database.allCases)
    func requeued(engine: Database) throws {
        let database = try TestDatabase(engine)
        let samples = (0..<3 as Range<UInt64>).map { restart in
            SampleRecord(id: restart).with {
                $0.time = SampleCentre.beginning + Int64(restart) * 3_600_000_000
                $0[.username] = "ada"
                $0[.jobID] = "7"
                $0[.cluster] = "main"
                $0.restart = Int64(restart)
                $0.numNodes = Int64(restart + 1)
                $0.end = restart == 0 ? .killed : .exit
                $0.packages = [.init("numpy", "2"), .init("os", nil)]
                $0.direct = restart == 2 ? ["numpy"] : nil
            }
        }
        try SampleCentre.load(samples, into: database)
        try database.connect().run(
            script: """
                UPDATE jobs SET source = 1, state = 'COMPLETED', exit_code = '0:0', submit_time = 1000000,
                    start_time = 1768003200000000, end_time = 1768003260500000, elapsed_seconds = 60 WHERE restart = 2
                """)
        let reports = try JobReport.ask(database.location.reader(), jobID: "7")
        #expect(reports.count == 1)
        #expect(
            reports.first?.answer().json.formatted == """
                {
                  "job_id": "7",
                  "cluster": "main",
                  "username": "ada",
                  "account": null,
                  "qos": null,
                  "partition": null,
                  "num_nodes": 3,
                  "state": "COMPLETED",
                  "exit_code": "0:0",
                  "submit": "1970-01-01T00:00:01Z",
                  "start": "2026-01-10T00:00:00Z",
                  "end": "2026-01-10T00:01:00.500000Z",
                  "elapsed_seconds": 60,
                  "source": "slurm",
                  "name": null,
                  "num_tasks": null,
                  "node_list": null,
                  "time_limit_seconds": null,
                  "restart": 2,
                  "array_job_id": null,
                  "array_task_id": null,
                  "alloc_cpus": null,
                  "cpu_seconds": null,
                  "gpus": null,
                  "req_mem": null,
                  "max_rss": null,
                  "steps": null,
                  "runs": [
                \(run(hour: 0, end: "killed", direct: "null")),
                \(run(hour: 1, end: "exit", direct: "null")),
                \(run(hour: 2, end: "exit", direct: "[\n        \"numpy\"\n      ]"))
                  ]
                }
                """)
    }

    private func run(hour: Int, end: String, direct: String) -> String {
        """
            {
              "step_id": "",
              "username": "ada",
              "executable": "",
              "main": "",
              "python": "",
              "processes": 1,
              "ranks_reported": 0,
              "first_seen": "2026-01-10T0\(hour):00:00Z",
              "last_seen": "2026-01-10T0\(hour):00:00Z",
              "end": "\(end)",
              "packages": {
                "numpy": "2",
                "os": null
              },
              "direct": \(direct),
              "prefix": null,
              "exit": \(end == "exit" ? 1 : 0),
              "exception": 0,
              "signal": 0,
              "killed": \(end == "killed" ? 1 : 0)
            }
        """
    }
}
