import Glibc
import Query
import Store
import Synchronization
import TestDatabases
import Testing

@Suite struct StoreReaderTests {
    private static let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    private func database(_ engine: Database) throws -> TestDatabase {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        return database
    }

    @Test("as many questions are asked side by side as there are connections", arguments: Database.allCases)
    func sideBySide(engine: Database) async throws {
        let reader = StoreReader(try database(engine).location, connections: 3)
        let begun = Atomic<Int>(0)
        // none of them ends before all have begun
        let question: @Sendable (any SQLConnection) throws(StoreError) -> Int64? = { connection throws(StoreError) in
            begun.add(1, ordering: .sequentiallyConsistent)
            while begun.load(ordering: .sequentiallyConsistent) < 3 { usleep(1_000) }
            return try connection.query("SELECT 7")[0][0].integer
        }
        async let first = reader.ask(question)
        async let second = reader.ask(question)
        async let third = reader.ask(question)
        #expect(try await [first, second, third] == [7, 7, 7])
    }

    @Test("a question cannot write", arguments: Database.allCases) func readOnly(engine: Database) async throws {
        let reader = StoreReader(try database(engine).location)
        await #expect(throws: StoreError.self) {
            try await reader.ask { connection throws(StoreError) in
                try connection.query("DELETE FROM canary_runs").count
            }
        }
        #expect(try await reader.ask { connection throws(StoreError) in try connection.query("SELECT 1").count } == 1)
    }

    @Test("a connection that broke while it was idle is replaced, and the question does not notice")
    func broken() async throws {
        let database = try database(.postgres)
        let reader = StoreReader(database.location, connections: 1)
        func process() async throws -> Int64? {
            try await reader.ask { connection throws(StoreError) in
                try connection.query("SELECT pg_backend_pid()")[0][0].integer
            }
        }
        let first = try await process()
        try database.connect().query("SELECT pg_terminate_backend(?)", [.integer(first)])
        let second = try await process()
        #expect(first != nil && second != nil && first != second)
    }

    @Test("a cancelled task ends its statement, and the next question is answered", arguments: Database.allCases)
    func cancelled(engine: Database) async throws {
        let reader = StoreReader(try database(engine).location, connections: 1)
        let begun = Atomic<Bool>(false)
        let task = Task {
            try await reader.ask { connection throws(StoreError) in
                begun.store(true, ordering: .sequentiallyConsistent)
                return try connection.query(Self.endless).count
            }
        }
        while !begun.load(ordering: .sequentiallyConsistent) { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        let result = await task.result
        #expect(throws: StoreError.self) { try result.get() }
        #expect(try await reader.ask { connection throws(StoreError) in try connection.query("SELECT 1").count } == 1)
    }

    @Test("a task that was cancelled before it asked is not answered") func cancelledBefore() async throws {
        let reader = StoreReader(try database(.sqlite).location)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await reader.ask { connection throws(StoreError) in try connection.query(Self.endless).count }
        }
        task.cancel()
        let result = await task.result
        #expect(throws: StoreError.self) { try result.get() }
    }

    @Test("what waits is bounded, and refused when the reader ends") func bounds() async throws {
        let isHeld = Atomic<Bool>(true)
        let begun = Atomic<Bool>(false)
        var reader: StoreReader? = StoreReader(try database(.sqlite).location, connections: 1, longestQueue: 1)
        let queue = try #require(reader).queue
        let refusals = Mutex<[String]>([])
        func add(_ ask: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Void) {
            queue.add(
                QuestionQueue.Question(
                    number: queue.number(), ask: ask, refuse: { error in refusals.withLock { $0.append("\(error)") } }))
        }
        add { _ throws(StoreError) in
            begun.store(true, ordering: .sequentiallyConsistent)
            while isHeld.load(ordering: .sequentiallyConsistent) { usleep(1_000) }
        }
        while !begun.load(ordering: .sequentiallyConsistent) { try await Task.sleep(for: .milliseconds(1)) }
        add { _ throws(StoreError) in }
        #expect(refusals.withLock { $0 } == [])
        add { _ throws(StoreError) in }
        #expect(refusals.withLock { $0 } == ["store busy: 1 questions wait already"])
        reader = nil
        #expect(refusals.withLock { $0.count } == 2)
        isHeld.store(false, ordering: .sequentiallyConsistent)
        add { _ throws(StoreError) in }
        #expect(refusals.withLock { $0.last } == "\(QuestionQueue.closed)")
    }

    @Test("a store that is not there yet is asked once it is") func missing() async throws {
        let path = ScratchFolder.path + "/" + ScratchFolder.newName("later") + ".sqlite"
        let location = try StoreLocation("sqlite://\(path)")
        let reader = StoreReader(location, connections: 1)
        await #expect(throws: StoreError.self) {
            try await reader.ask { connection throws(StoreError) in try connection.query("SELECT 1").count }
        }
        try location.makeStore().migrate()
        #expect(try await reader.ask { connection throws(StoreError) in try connection.query("SELECT 1").count } == 1)
    }
}
