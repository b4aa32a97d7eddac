import Merge
import Record
import SampleRecords
import Store
import Synchronization
import TestDatabases
import Testing

@Suite struct ConcurrencyTests {
    /// Several daemons write records of the same few jobs, users and stacks at the same time, each in an order of its own.
    @Test("sources that write overlapping runs at once lose and double nothing", arguments: TestDatabase.dialects)
    func overlapping(dialect: Dialect) throws {
        let database = try TestDatabase(dialect)
        let sources = 4
        let rounds: UInt64 = 12
        let failures = Mutex<[String]>([])
        atTheSameTime(sources) { source in
            do {
                var random = FixedRandom(seed: UInt64(source))
                var writing = try patiently { () throws(StoreError) in try opened(database, source) }
                for round in 0..<rounds {
                    let samples = (0..<60 as Range<UInt64>).map { index in
                        record(id: UInt64(source) << 32 | round << 16 | index, kind: Int(index))
                    }
                    writing.add(samples.shuffled(using: &random))
                    try patiently { () throws(StoreError) in try writing.commit() }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let messages = Int64(sources) * Int64(rounds) * 60
        let runs = try #require(try database.integer("SELECT count(*) FROM runs"))
        #expect(runs == 30)
        #expect(try database.integer("SELECT sum(processes) FROM runs") == messages)
        #expect(try database.integer("SELECT min(processes) FROM runs") == messages / 30)
        #expect(try database.integer("SELECT max(processes) FROM runs") == messages / 30)
        #expect(try database.integer("SELECT sum(processes) FROM usage_daily") == messages)
        #expect(try counters(database) == ["stored": runs, "merged": messages - runs])
        #expect(try database.integer("SELECT sum(tally) FROM sources") == messages)
        #expect(try database.integer("SELECT count(*) FROM jobs") == 5)
        #expect(try database.integer("SELECT count(*) FROM users WHERE id <> 0") == 6)
        #expect(try Set(runTexts(database)).count == 30)
    }

    private func opened(_ database: TestDatabase, _ source: Int) throws(StoreError) -> Writing {
        do {
            return try Writing(database, source: "source \(source)")
        } catch {
            throw (error as? StoreError) ?? .refused("\(error)")
        }
    }

    /// One of 30 runs.
    private func record(id: UInt64, kind: Int) -> SampleRecord {
        process(id, user: "user\(kind % 6)").with {
            $0[.jobID] = "job\(kind % 5)"
            $0[.account] = "account\(kind % 5)"
            $0.packages = (0...kind % 3).map { .init("package\($0)", "\($0)") }
        }
    }

    /// Repeats what can be retried, as the daemon does.
    @discardableResult
    private func patiently<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        for _ in 0..<50 {
            do throws(StoreError) {
                return try body()
            } catch {
                guard error.canRetry else { throw error }
            }
        }
        return try body()
    }
}
