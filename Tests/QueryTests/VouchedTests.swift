import Merge
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// `--vouched`: only usage whose user the kernel or a relay vouches for.
@Suite struct VouchedTests {
    private static let noon: Int64 = 1_795_262_400_000_000
    private let today = Int(Calendar.day(ofMicroseconds: VouchedTests.noon))

    /// Five people: two vouched for by the kernel, one by a relay, two by no one. Job 1 has both kinds of runs.
    private func write(_ database: TestDatabase) throws {
        let store = database.location.makeStore()
        try store.migrate()
        _ = try store.open(source: "source", kind: .daemon, host: "here")
        var merger = Merger { uid in .known("user\(uid)") }
        let claimed = Envelope(arrival: Self.noon)
        let relay = Envelope(arrival: Self.noon, identity: .relay, relay: RelayName("relay-1"))
        let senders: [(user: Int64, job: String, Envelope)] = [
            (1, "1", Envelope(arrival: Self.noon, identity: .kernel, uid: 1, pid: 1)),
            (2, "2", Envelope(arrival: Self.noon, identity: .kernel, uid: 2, pid: 1)), (3, "3", relay),
            (4, "1", claimed), (5, "5", claimed),
        ]
        for (place, (user, job, envelope)) in senders.enumerated() {
            let sample = SampleRecord(id: UInt64(place + 1)).with {
                $0.time = Self.noon - 60_000_000
                $0.elapsed = 30
                $0.uid = user
                $0[.username] = "user\(user)"
                $0[.jobID] = job
                $0.numNodes = 2
                $0.packages = [.init("numpy", "2.1")]
                $0.direct = ["numpy"]
            }
            merger.add(
                sample.usage, envelope, sequence: UInt64(place), entry: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        _ = try store.commit(
            merger.batch, vocabulary: merger.vocabulary, from: SourcePosition(sequence: 0, tally: 0),
            to: SourcePosition(sequence: 5, tally: 5))
    }

    private func filter(vouched: Bool) -> UsageFilter {
        var filter = UsageFilter()
        filter.onlyVouched = vouched
        return filter
    }

    @Test("the same people and jobs count in rows, in packed days and in sums", arguments: Database.allCases)
    func stages(engine: Database) throws {
        let database = try TestDatabase(engine)
        try write(database)
        let connection = try database.location.maintainer()
        func check(_ stage: String, jobs: (all: Int64, vouched: Int64)) throws {
            for (vouched, users, count) in [(false, 5, jobs.all), (true, 3, jobs.vouched)] as [(Bool, Int64, Int64)] {
                let top = try TopUsage.ask(connection, filter(vouched: vouched), by: .users)
                #expect(top.rows.map { $0.totals.users } == [users], "\(stage)")
                #expect(top.rows.map { $0.totals.processes } == [users], "\(stage)")
                let trend = try PackageTrend.ask(connection, filter(vouched: vouched), packages: ["numpy"])
                #expect(trend.rows.map { $0.jobs } == [count], "\(stage)")
            }
        }
        try check("rows", jobs: (4, 3))
        #expect(try Packing.pack(connection, day: today))
        try check("packed", jobs: (4, 3))
        _ = try Pruning.run(connection, before: today + 1, today: today + 100) { _, _ in }
        try check("pruned", jobs: (4, 3))
    }
}
