import JSON
import Merge
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct HealthTests {
    private let now = SampleCentre.arrival + 90_000_000

    private func health(_ database: TestDatabase, source: String? = nil) throws -> Health {
        try Health.ask(database.location.reader(), source: source, now: now)
    }

    /// Writes one batch of every kind of message; nine in all.
    private func write(_ database: TestDatabase, source: String) throws -> any UsageStore {
        let store = database.location.makeStore()
        try store.migrate()
        _ = try store.open(source: source, kind: .daemon, host: "here")
        var merger = Merger(canaryKey: SampleRecord.canaryKey)
        let process = SampleRecord(id: 1).with { $0[.username] = source }
        let samples = [
            process, process, process.with { $0.id = 2 },
            process.with {
                $0.id = 3; $0.beCanary(of: "c", 1, of: 1)
            },
            process.with {
                $0.id = 4; $0.end = .running
            },
            process.with {
                $0.id = 5; $0.part = 1; $0.parts = 2
            },
        ]
        for (index, sample) in samples.enumerated() {
            merger.add(
                sample.usage, Envelope(arrival: SampleCentre.arrival), sequence: UInt64(index),
                entry: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        merger.add(tally: [("rejected.bad_json", 2), ("rejected.empty", 1), ("kernel_dropped", 7), ("unknown_keys", 9)])
        _ = try store.commit(
            merger.batch, vocabulary: merger.vocabulary, from: SourcePosition(sequence: 0, tally: 0),
            to: SourcePosition(sequence: 7, tally: 9))
        return store
    }

    @Test("the fate of every message, in the commands' words") func words() throws {
        for engine in Database.allCases {
            let database = try TestDatabase(engine)
            let store = try write(database, source: "a")
            try store.beat(Heartbeat(received: 12, now: now, oldestPending: now - 1_500_000))
            try database.location.makeCanaryLedger().add(
                CanaryRun(
                    run: "c", submitted: SampleCentre.arrival, expected: 1, killed: 0, mode: .local, partition: "",
                    node: "", transport: "udp", deadline: now))
            #expect(
                try health(database).answer().json.formatted == """
                    {
                      "received": 12,
                      "stored": 2,
                      "merged": 2,
                      "duplicate": 1,
                      "rejected": {
                        "bad_json": 2,
                        "empty": 1
                      },
                      "kernel_dropped": 7,
                      "other_names": 0,
                      "pending": 4,
                      "oldest_pending_seconds": 1.5,
                      "last_record": "2026-07-29T00:00:00Z",
                      "balanced": true,
                      "canary_loss": 0.0
                    }
                    """)
        }
    }

    @Test("sources together and apart", arguments: Database.allCases) func sources(engine: Database) throws {
        let database = try TestDatabase(engine)
        let first = try write(database, source: "a")
        let second = try write(database, source: "b")
        try first.beat(Heartbeat(received: 9, now: now, oldestPending: nil))
        try second.beat(Heartbeat(received: 10, now: now, oldestPending: now - 3_000_000))
        let all = try health(database)
        #expect(all.received == 19 && all.stored == 4 && all.merged == 4 && all.duplicate == 2 && all.pending == 3)
        #expect(all.kernelDropped == 14 && all.oldestPendingSeconds == 3 && all.isBalanced)
        let one = try health(database, source: "a")
        #expect(one.received == 9 && one.stored == 2 && one.pending == 1 && one.isBalanced)
        #expect(one.oldestPendingSeconds == 0)
        let none = try health(database, source: "no such source")
        #expect(none.received == 0 && none.pending == 0 && none.isBalanced && none.lastRecord == nil)
    }

    @Test("a store without sources is balanced", arguments: Database.allCases) func empty(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        let health = try health(database)
        #expect(health == Health() && health.isBalanced && health.rejected.isEmpty)
    }

    @Test("a lost message is seen", arguments: Database.allCases) func unbalanced(engine: Database) throws {
        let database = try TestDatabase(engine)
        _ = try write(database, source: "a")
        #expect(try health(database).isBalanced)
        try database.connect().run(script: "UPDATE counters SET value = value - 1 WHERE name = 'duplicate'")
        #expect(try !health(database).isBalanced)
    }

    @Test("the whole centre balances") func centre() throws {
        for database in try SampleCentre.databases() {
            let health = try health(database)
            #expect(health.received == Int64(SampleCentre.processes.count) && health.isBalanced)
            #expect(health.stored + health.merged == health.received && health.merged > 0)
        }
    }
}
