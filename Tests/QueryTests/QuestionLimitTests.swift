import Merge
import Query
import Record
import SampleRecords
import Store
import Synchronization
import TestDatabases
import Testing
import Threads

@Suite struct QuestionLimitTests {
    private static let arrival = SampleCentre.arrival

    /// A store with jobs of some stacks, the same ones in each.
    private func store(jobs: Int, stacks: Int) throws -> TestDatabase {
        let database = try TestDatabase(.sqlite)
        let store = database.location.makeStore()
        try store.migrate()
        _ = try store.open(source: "a", kind: .daemon, host: "here")
        var merger = Merger()
        for number in 0..<jobs * stacks {
            let sample = SampleRecord(id: UInt64(number + 1)).with {
                $0[.username] = "eve"
                $0[.jobID] = "\(4_000 + number / stacks)"
                $0.packages = [.init("numpy", "\(number % stacks)"), .init("p\(number % stacks % 7)")]
            }
            merger.add(
                sample.usage, Envelope(arrival: Self.arrival), sequence: UInt64(number),
                entry: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        _ = try store.commit(
            merger.batch, vocabulary: merger.vocabulary, from: SourcePosition(sequence: 0, tally: 0),
            to: SourcePosition(sequence: 1, tally: UInt64(jobs * stacks)))
        return database
    }

    @Test("jobs with few and with many stacks are counted alike", arguments: [1, 15, 16, 17, 18, 40])
    func counted(stacks: Int) throws {
        let database = try store(jobs: 5, stacks: stacks)
        let rows = try TopUsage.ask(database.location.reader(), UsageFilter()).rows
        #expect(rows.first { $0.key == .text("numpy") }?.totals.jobs == 5)
        #expect(rows.allSatisfy { $0.totals.jobs == 5 && $0.totals.users == 1 })
        #expect(rows.count == 1 + min(7, stacks))
        #expect(rows.first { $0.key == .text("numpy") }?.totals.processes == Int64(5 * stacks))
    }

    @Test("a question beyond its memory is told with the day and the job that it had come to") func exceeded() throws {
        let database = try store(jobs: 1, stacks: 40)
        _ = try TopUsage.ask(database.location.reader(), UsageFilter())
        let told = Mutex("")
        let latch = Latch()
        QuestionLimits(bytes: 1, seconds: 600).watch(database.location) { why in
            told.withLock { $0 = why }
            latch.open()
        }
        #expect(latch.wait(milliseconds: 60_000))
        let why = told.withLock { $0 }
        #expect(why.hasPrefix("the question needs more than 0 MiB of memory; it had come to 20"), "\(why)")
        #expect(why.contains("CUSTOMS_QUESTION_MEMORY_MB"))
    }

    @Test("the job with the most stacks is named") func named() throws {
        let database = try store(jobs: 2, stacks: 1)
        #expect(QuestionLimits.name(of: 1, database.location) == "4000")
        #expect(QuestionLimits.name(of: 99, database.location) == nil)
    }
}
