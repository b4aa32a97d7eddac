import Glibc
import Merge
import Record
import SampleRecords
import Store
import Synchronization
import TestDatabases
import Testing

@Suite struct ConcurrencyTests {
    /// Several daemons write records of the same few jobs, users and stacks at once, each in an order of its own.
    @Test("sources that write overlapping runs at once lose and double nothing", arguments: Database.allCases)
    func overlapping(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
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
        #expect(try counters(database) == ["stored": runs, "merged": messages - runs])
        #expect(try database.integer("SELECT sum(tally) FROM sources") == messages)
        #expect(try database.integer("SELECT count(*) FROM jobs") == 5)
        #expect(try database.integer("SELECT count(*) FROM users WHERE id <> 0") == 6)
        #expect(try Set(runTexts(database)).count == 30)
    }

    @Test("what comes for days while they are pruned is in a run or in the sums", arguments: Database.allCases)
    func pruned(engine: Database) throws {
        let database = try TestDatabase(engine)
        let rounds: UInt64 = 40
        let failures = Mutex<[String]>([])
        let writers = Atomic(2)
        atTheSameTime(3) { source in
            do {
                if source == 2 {
                    let connection = try patiently { () throws(StoreError) in
                        _ = try opened(database, source)
                        return try database.location.maintainer()
                    }
                    let day = Int(Calendar.day(ofMicroseconds: noon)) + 2
                    while writers.load(ordering: .acquiring) > 0 {
                        _ = try patiently { () throws(StoreError) in
                            try Pruning.run(connection, before: day, today: day) { _, _ in }
                        }
                    }
                    return
                }
                defer { writers.subtract(1, ordering: .acquiringAndReleasing) }
                var writing = try patiently { () throws(StoreError) in try opened(database, source) }
                for round in 0..<rounds {
                    // the same few runs again and again
                    writing.add(
                        (0..<20 as Range<UInt64>).map { process(UInt64(source) << 32 | round << 16 | $0) })
                    try patiently { () throws(StoreError) in try writing.commit() }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let left = try database.integer("SELECT COALESCE(sum(processes), 0) FROM runs") ?? 0
        let sums = try database.integer("SELECT COALESCE(sum(processes), 0) FROM pruned_usage") ?? 0
        let messages = 2 * Int64(rounds) * 20
        #expect(left + sums == messages)
        let day = Int(Calendar.day(ofMicroseconds: noon)) + 2
        _ = try Pruning.run(database.location.maintainer(), before: day, today: day) { _, _ in }
        #expect(try database.integer("SELECT sum(processes) FROM pruned_usage") == messages)
    }

    /// Each meets the jobs in an order of its own, and learns one thing more of all of them in each round.
    @Test("sources that claim things of the same jobs at once never wait for each other in a circle") func claims()
        throws
    {
        let database = try TestDatabase(.postgres)
        let failures = Mutex<[String]>([])
        let arrived = Atomic(0)
        atTheSameTime(2) { source in
            do {
                var writing = try patiently { () throws(StoreError) in try opened(database, source) }
                for round in 0..<6 {
                    arrived.add(1, ordering: .acquiringAndReleasing)
                    while arrived.load(ordering: .acquiring) < 2 * (round + 1) { sched_yield() }
                    let samples = (0..<1_000).map { claim(ofJob: $0, source: source, round: round) }
                    writing.add(source == 0 ? samples : samples.reversed())
                    try patiently { () throws(StoreError) in
                        do throws(StoreError) { try writing.commit() } catch {
                            // the jobs' rows are new in the first round, and are made in another order
                            if round > 0 { failures.withLock { $0.append("\(error)") } }
                            throw error
                        }
                    }
                }
            } catch { failures.withLock { $0.append("\(error)") } }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try database.integer("SELECT count(*) FROM jobs WHERE num_tasks = 5") == 1_000)
    }

    private func claim(ofJob job: Int, source: Int, round: Int) -> SampleRecord {
        process(UInt64(source) << 32 | UInt64(round) << 16 | UInt64(job)).with {
            $0.numNodes = nil
            $0[.jobID] = "job\(job)"
            let texts: [TextField] = [.account, .qos, .partition]
            for field in texts.prefix(round) { $0[field] = "\(field)" }
            if round > 3 { $0.numNodes = 4 }
            if round > 4 { $0.numTasks = 5 }
        }
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
