import Glibc
import Merge
import Record
import SampleRecords
import Store
import Synchronization
import TestDatabases
import Testing

/// A store that hangs, as seen from a thread that does not.
@Suite struct ActivityTests {
    /// A writer's store, and another connection that keeps it from writing.
    private func held(_ database: TestDatabase) throws -> (any UsageStore, StoreActivity, any SQLConnection) {
        let activity = StoreActivity()
        let store = database.location.makeStore(activity: activity)
        try store.migrate()
        _ = try store.open(source: "source", kind: .daemon, host: "here")
        let other = try database.connect()
        switch database.engine {
        case .postgres: try other.run(script: "BEGIN; LOCK TABLE sources IN ACCESS EXCLUSIVE MODE")
        case .sqlite: try other.run(script: "BEGIN IMMEDIATE")
        }
        return (store, activity, other)
    }

    /// Cancels a heartbeat that hangs, half a second after it began.
    ///
    /// - Returns: what it threw, and when.
    private func cancel(
        _ store: any UsageStore, _ activity: StoreActivity, _ end: @escaping @Sendable (StoreActivity) -> Void
    ) -> (error: StoreError?, took: Duration) {
        onThread {
            usleep(500_000)
            end(activity)
        }
        let clock = ContinuousClock()
        let began = clock.now
        do throws(StoreError) {
            try store.beat(Heartbeat(received: 1, now: noon, oldestPending: nil))
            return (nil, clock.now - began)
        } catch {
            return (error, clock.now - began)
        }
    }

    @Test("a statement's age is told while it hangs, and none when it is over", arguments: Database.allCases)
    func silence(engine: Database) throws {
        let database = try TestDatabase(engine)
        let (store, activity, other) = try held(database)
        #expect(activity.silence == 0)
        let seen = Atomic<Int>(0)
        let (error, _) = cancel(store, activity) {
            seen.store($0.silence, ordering: .relaxed)
            $0.cancel()
        }
        #expect(error?.canRetry == true)
        let silence = seen.load(ordering: .relaxed)
        #expect(silence >= 400 && silence < 20_000, "\(silence)")
        #expect(activity.silence == 0)
        try other.run(script: "ROLLBACK")
    }

    @Test("it ends soon after it was cancelled, and none begins after it", arguments: Database.allCases)
    func cancelled(engine: Database) throws {
        let database = try TestDatabase(engine)
        let (store, activity, other) = try held(database)
        let (error, took) = cancel(store, activity) { $0.cancel() }
        #expect(error != nil && took < .seconds(5), "\(took)")
        #expect(throws: StoreError.self) { try store.beat(Heartbeat(received: 1, now: noon, oldestPending: nil)) }
        try other.run(script: "ROLLBACK")
        #expect(try database.integer("SELECT count(*) FROM sources WHERE heartbeat IS NOT NULL") == 0)
    }

    @Test("a server that does not hear is left") func severed() throws {
        let database = try TestDatabase(.postgres)
        let (store, activity, other) = try held(database)
        let (error, took) = cancel(store, activity) { $0.sever() }
        #expect(kind(error) == "unavailable" && took < .seconds(5), "\(took)")
        try other.run(script: "ROLLBACK")
    }
}
