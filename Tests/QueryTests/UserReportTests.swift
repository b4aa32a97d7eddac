import JSON
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct UserReportTests {
    @Test("every user, staff or not, by every filter", arguments: filters.indices) func users(filter: Int) throws {
        var withStaff = filters[filter]
        withStaff.includesStaff = true
        // the question names the person
        withStaff.user = nil
        let plainly = Plainly(SampleCentre.processes, withStaff)
        let readers = try SampleCentre.databases().map { try $0.location.reader() }
        let names = (0..<12).map { "user\($0)" }
        for name in third(of: names, turn: filter) + ["no such user"] {
            let own = plainly.processes.filter { $0.user == name }
            let answers = try readers.map { try UserReport.ask($0, filters[filter], username: name) }
            for answer in answers {
                #expect(answer.username == name && answer.jobs == plainly.jobs(own))
                #expect(answer.processes == Int64(own.count))
                #expect(answer.packages == ranked(own.flatMap { $0.packages.map { $0.name } }))
                #expect(answer.environments == ranked(own.compactMap { $0[.prefix] }))
                #expect(answer.lastJobs.jobs.map(words) == lastJobs(own, plainly.accounts))
            }
            #expect(answers[0].answer.json.formatted == answers[1].answer.json.formatted)
        }
    }

    /// Texts by how often they occur, most first.
    private func ranked(_ texts: [String]) -> [String] {
        mostFirst(Dictionary(grouping: texts) { $0 }.map { ($0.key, Int64($0.value.count)) })
    }

    private func words(_ job: LastJobs.Job) -> [String] {
        [
            job.cluster, job.jobID, "\(job.restart)", job.account ?? "", "\(job.numNodes ?? 0)", "\(job.lastSeen)",
            job.main ?? "", "\(job.ends.exits) \(job.ends.exceptions) \(job.ends.signals) \(job.ends.killed)",
            job.packages.all.map { "\($0.name)=\($0.version ?? "none")" }.joined(separator: " "),
        ]
    }

    private func lastJobs(_ own: [SampleRecord], _ accounts: [JobWords: String]) -> [[String]] {
        var jobs: [(last: Int64, words: [String])] = []
        for (job, processes) in Dictionary(grouping: own.filter { $0.job != nil }, by: { $0.job }) {
            guard let job else { continue }
            let first = processes[0]
            let last = processes.compactMap { $0.time }.max() ?? 0
            func count(_ end: ProcessEnd) -> Int { processes.filter { ($0.end ?? .exit) == end }.count }
            let packages = Dictionary(grouping: processes.flatMap { $0.packages }) { $0.name }
                .sorted { bytesBefore($0.key, $1.key) }.map { name, own in
                    let versions = Set(own.compactMap { $0.version }).sorted(by: bytesBefore)
                    return "\(name)=\(versions.isEmpty ? "none" : versions.joined(separator: ", "))"
                }
            jobs.append(
                (
                    last,
                    [
                        first[.cluster] ?? "", first[.jobID] ?? "", "\(first.restart ?? 0)", accounts[job] ?? "",
                        "\(processes.compactMap { $0.numNodes }.first ?? 0)", "\(last)",
                        ranked(processes.compactMap { $0[.main] }.filter { !$0.isEmpty }).first ?? "",
                        "\(count(.exit)) \(count(.exception)) \(count(.signal)) \(count(.killed))",
                        packages.joined(separator: " "),
                    ]
                ))
        }
        return jobs.sorted { one, other in
            one.last == other.last ? one.words.lexicographicallyPrecedes(other.words) : one.last > other.last
        }.prefix(10).map { $0.words }
    }

    @Test("the limit cuts all lists") func limit() throws {
        for database in try SampleCentre.databases() {
            let reader = try database.location.reader()
            let all = try UserReport.ask(reader, UsageFilter(), username: "user1")
            let two = try UserReport.ask(reader, UsageFilter(), username: "user1", limit: 2)
            #expect(all.packages.count > 2 && two.packages == Array(all.packages.prefix(2)))
            #expect(two.environments == Array(all.environments.prefix(2)))
            #expect(all.lastJobs.jobs.count > 2 && two.lastJobs.jobs == Array(all.lastJobs.jobs.prefix(2)))
        }
    }
}
