import Jobs
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// Claims on jobs by records whose user someone vouches for, and by others.
@Suite struct VouchedClaimTests {
    private let claimed = Envelope(arrival: noon)
    private let relay = Envelope(arrival: noon, identity: .relay, relay: RelayName("relay-1"))
    private static let facts = """
        SELECT u.name, a.name, j.num_nodes, j.vouched FROM jobs j JOIN users u ON u.id = j.usr
            JOIN accounts a ON a.id = j.account ORDER BY j.id
        """

    private func claim(_ id: UInt64, by user: String, nodes: Int64?, job: String = "4711") -> SampleRecord {
        process(id, user: user).with {
            $0[.jobID] = job
            $0[.account] = "of \(user)"
            $0.numNodes = nodes
        }
    }

    @Test(
        "a vouched claim replaces what no one vouches for, and takes nothing from it",
        arguments: Database.allCases, [[0, 1], [1, 0], [0, 1, 0]])
    func replaces(engine: Database, order: [Int]) throws {
        for isOneBatch in [true, false] {
            let database = try TestDatabase(engine)
            var writing = try Writing(database)
            for (place, isVouched) in order.enumerated() {
                let id = UInt64(place + 1)
                let sample =
                    isVouched == 1 ? claim(id, by: "ada", nodes: nil) : claim(id, by: "eve", nodes: 100_000)
                writing.add([sample], isVouched == 1 ? relay : claimed)
                if !isOneBatch {
                    try writing.commit()
                    // as another daemon, which remembers no claim
                    writing = try Writing(database, source: "\(place)")
                }
            }
            if isOneBatch { try writing.commit() }
            #expect(
                try database.rows(Self.facts) == [[.text("ada"), .text("of ada"), .null, .integer(1)]],
                "in one batch: \(isOneBatch)")
        }
    }

    @Test("a job that the batch system does not know has only vouched nodes", arguments: Database.allCases)
    func unknownJobs(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        writing.add([claim(1, by: "eve", nodes: 100_000, job: "1")], claimed)
        writing.add([claim(2, by: "ada", nodes: 4, job: "2")], relay)
        try writing.commit()
        let ledger = database.location.makeJobLedger()
        let open = try openJobs(ledger, cluster: nil, now: noon, limit: 10)
        // vouched ones are asked for first
        #expect(open.map { $0.jobID } == ["2", "1"])
        try ledger.note(open.map { .unknown(row: $0.row) })
        let nodes = "SELECT j.job_id, j.num_nodes FROM jobs j ORDER BY j.job_id"
        #expect(try database.rows(nodes) == [[.text("1"), .null], [.text("2"), .integer(4)]])
        writing = try Writing(database, source: "another")
        writing.add([claim(3, by: "eve", nodes: 100_000, job: "1")], claimed)
        try writing.commit()
        #expect(try database.rows(nodes) == [[.text("1"), .null], [.text("2"), .integer(4)]])
    }
}
