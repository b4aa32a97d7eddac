import Glibc
import Jobs
import Merge
import Record
import SampleRecords
import Store
import Synchronization
import TestDatabases
import Testing

@Suite struct PackingTests {
    /// A year before the tests' records: these days are over, whenever the tests run.
    private static let old = noon - 365 * Calendar.microsecondsPerDay

    private func past(_ id: UInt64, day: Int64 = 0, job: String = "4711") -> SampleRecord {
        process(id).with {
            $0.time = PackingTests.old + day * Calendar.microsecondsPerDay
            $0[.jobID] = job
        }
    }

    /// All usage as questions read it, a text for each row.
    private func scanned(_ database: TestDatabase) throws -> [String] {
        var texts: [String] = []
        try PackedDays.scan(
            try database.location.reader(), from: nil, through: nil, DayRows.Column.allCases
        ) { (rows: DayRows) throws(StoreError) in
            for row in 0..<rows.count {
                texts.append(
                    "\(rows.day): " + DayRows.Column.allCases.map { "\(rows[$0][row])" }.joined(separator: " "))
            }
        }
        return texts.sorted()
    }

    @Test("packed days tell the same as the tables", arguments: Database.allCases)
    func same(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit(
            (0..<600 as Range<UInt64>).map { past($0, day: Int64($0 % 40), job: "job\($0 % 70)") })
        let before = try scanned(database)
        #expect(try packAll(database) == 40)
        #expect(try scanned(database) == before)
        #expect(try packAll(database) == 0)
        #expect(try database.integer("SELECT count(DISTINCT day) FROM packed_parts") == 40)
    }

    @Test("runs of different programs are different rows of a packed day", arguments: Database.allCases)
    func programs(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit(
            (0..<6 as Range<UInt64>).map { id in past(id).with { $0[.main] = id < 4 ? "/home/a/1.py" : "/home/a/2.py" }
            })
        for isPacked in [false, true] {
            if isPacked { #expect(try packAll(database) == 1) }
            var processes: [Int64: Int64] = [:]
            try PackedDays.scan(try database.location.reader(), from: nil, through: nil, [.program, .processes]) {
                (rows: DayRows) throws(StoreError) in
                for row in 0..<rows.count { processes[rows[.program][row], default: 0] += rows[.processes][row] }
            }
            #expect(processes.values.sorted() == [2, 4] && processes[0] == nil)
        }
    }

    @Test("a record that comes late is there at once, and its day is packed again", arguments: Database.allCases)
    func late(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit((0..<9 as Range<UInt64>).map { past($0, day: Int64($0)) })
        #expect(try packAll(database) == 9)
        try writing.commit([past(100, day: 4, job: "4712"), past(101, day: 4)])
        let found = try scanned(database)
        #expect(found.count == 10)
        #expect(try database.integer("SELECT count(DISTINCT day) FROM packed_parts") == 8)
        #expect(try packAll(database) == 1)
        #expect(try scanned(database) == found)
    }

    @Test("of what is pruned no copy stays behind, and its sums are told", arguments: Database.allCases)
    func pruned(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit((0..<9 as Range<UInt64>).map { past($0, day: Int64($0)) })
        #expect(try packAll(database) == 9)
        let day = Int(Calendar.day(ofMicroseconds: PackingTests.old)) + 5
        let pruning = try Pruning.run(database.location.maintainer(), before: day, today: day + 300) { _, _ in }
        #expect(pruning.runs == 5)
        #expect(try database.integer("SELECT count(*) FROM packed_parts") == 4)
        let found = try scanned(database)
        let flags = try #require(DayRows.Column.allCases.firstIndex(of: .flags))
        let remainder = found.filter { $0.split(separator: " ")[flags + 1] == "\(DayRows.isPruned)" }
        #expect(found.count == 9 && remainder.count == 5)
        #expect(try packAll(database) == 5)
        #expect(try scanned(database) == found)
    }

    @Test("what Slurm says of a job later has its days packed again", arguments: Database.allCases)
    func facts(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit((0..<6 as Range<UInt64>).map { past($0, day: Int64($0), job: $0 < 2 ? "4711" : "4712") })
        #expect(try packAll(database) == 6)
        let ledger = database.location.makeJobLedger()
        let job = try #require(
            try openJobs(ledger, cluster: nil, now: noon, limit: 10).first { $0.jobID == "4711" })
        var facts = JobFacts(jobID: "4711", restart: 0, state: "COMPLETED", isFinal: true)
        facts.elapsedSeconds = 7_200
        try ledger.note([.facts(row: job.row, facts)])
        #expect(try packAll(database) == 2)
        let place = try #require(DayRows.Column.allCases.firstIndex(of: .seconds))
        let seconds = try scanned(database).map { $0.split(separator: " ")[place + 1] }
        #expect(seconds.sorted() == ["-1", "-1", "-1", "-1", "7200", "7200"])
    }

    @Test("a day whose jobs change while it is packed is packed again", arguments: Database.allCases)
    func factsMeanwhile(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([past(1)])
        let job = try #require(
            try openJobs(database.location.makeJobLedger(), cluster: nil, now: noon, limit: 1).first)
        func note() throws {
            let facts = JobFacts(jobID: "4711", restart: 0, state: "COMPLETED", isFinal: true)
            try database.location.makeJobLedger().note([.facts(row: job.row, facts)])
        }
        #expect(try packAll(database) == 1)
        // as if the day were being packed
        try database.connect().run(script: "UPDATE packed_days SET state = 2")
        try note()
        #expect(try database.integer("SELECT state FROM packed_days") == 3)
        // the same happens to a day while its parts are written
        try database.connect().run(
            script: engine == .postgres
                ? "CREATE RULE news AS ON INSERT TO packed_parts DO ALSO "
                    + "UPDATE packed_days SET state = 3 WHERE day = NEW.day"
                : """
                CREATE TRIGGER news AFTER INSERT ON packed_parts
                BEGIN UPDATE packed_days SET state = 3 WHERE day = NEW.day; END
                """)
        let before = try scanned(database)
        #expect(try packAll(database) == 1)
        #expect(try database.integer("SELECT state FROM packed_days") == 1, "to be read, and to be packed again")
        #expect(try scanned(database) == before)
        #expect(try packAll(database) == 1)
    }

    @Test("days that may still change are not packed", arguments: Database.allCases)
    func open(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let now = Int64(time(nil))
        // whenever the test is run: a record that is dated long after its arrival would get the time of arrival
        writing.add([process(1).with { $0.time = now * 1_000_000 }], Envelope(arrival: now * 1_000_000))
        try writing.commit([past(2)])
        #expect(try packAll(database) == 1)
        let today = Int(now / 86_400)
        #expect(try !Packing.pack(database.location.maintainer(), day: today))
        #expect(try scanned(database).count == 2)
        // no result is promised for a day that has just ended
        let midnight: Int64 = 20_000 * 86_400
        #expect(PackedDays.firstUnpackedDay(now: midnight + 3_599) == 19_999)
        #expect(PackedDays.firstUnpackedDay(now: midnight + 3_600) == 20_000)
        #expect(PackedDays.firstUnfinishedDay(now: midnight + 7_199) == 19_999)
        #expect(PackedDays.firstUnfinishedDay(now: midnight + 7_200) == 20_000)
    }

    /// Whenever a write falls, a day is packed with all its rows or not at all.
    @Test("days that are written to while they are packed lose nothing", arguments: Database.allCases)
    func beside(engine: Database) throws {
        let database = try TestDatabase(engine)
        _ = try Writing(database)
        let rounds: UInt64 = 60
        let isWriting = Atomic(true)
        let failures = Mutex<[String]>([])
        let packed = Atomic(0)
        atTheSameTime(2) { side in
            do {
                if side == 0 {
                    defer { isWriting.store(false, ordering: .releasing) }
                    var writing = try Writing(database)
                    for round in 0..<rounds {
                        try writing.commit((0..<3 as Range<UInt64>).map { past(round * 3 + $0, day: Int64($0)) })
                    }
                } else {
                    let connection = try database.location.maintainer()
                    while isWriting.load(ordering: .acquiring) {
                        for day in try Packing.due(connection) where try Packing.pack(connection, day: day) {
                            packed.add(1, ordering: .relaxed)
                        }
                    }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let place = try #require(DayRows.Column.allCases.firstIndex(of: .processes))
        func processes() throws -> [String] {
            try scanned(database).map { "\($0.split(separator: " ")[place + 1])" }
        }
        #expect(try processes() == ["60", "60", "60"])
        _ = try packAll(database)
        #expect(try processes() == ["60", "60", "60"])
        #expect(packed.load(ordering: .relaxed) > 0)
    }

    @Test("a column of any values comes back") func columns() throws {
        var random = FixedRandom(seed: 5)
        for width in [0, 1, 7, 8, 9, 16, 17, 32, 33, 63, 64] {
            for count in [0, 1, 2, 1_000] {
                let values = (0..<count).map { _ in
                    Int64(
                        truncatingIfNeeded: width == 0
                            ? 7 : UInt64.random(in: 0 ... .max, using: &random) >> (64 - width))
                }
                try expectBack(values)
                try expectBack(values.map { $0 &- 1_000 })
            }
        }
        try expectBack([.min, .max, 0, -1])
        // a few values that differ from the others are kept with their places
        for count in [1, 100, 70_000] {
            var values = [Int64](repeating: 1_750_000_000_000_000, count: count)
            try expectBack(values)
            for place in stride(from: 0, to: count, by: 50) {
                values[place] = .random(in: .min ... .max, using: &random)
            }
            try expectBack(values)
            if count > 1 { #expect(PackedColumn.pack(values).count < count) }
        }
    }

    @Test("a damaged column is an error") func damaged() {
        let whole = PackedColumn.pack([1, 2, 300])
        var wrong = whole
        wrong[0] = 3
        let sparse = PackedColumn.pack([7, 7, 7, 7, 7, 7, 7, 7, 7, 1 << 60])
        #expect(sparse.count == 21)
        for bytes in [[], Array(whole.dropLast()), whole + [0], wrong, Array(sparse.dropLast()), sparse] {
            #expect(throws: StoreError.self) {
                try bytes.withUnsafeBytes { _ = try PackedColumn.unpack($0, count: 3) }
            }
        }
    }

    private func expectBack(_ values: [Int64]) throws {
        let bytes = PackedColumn.pack(values)
        #expect(try bytes.withUnsafeBytes { try PackedColumn.unpack($0, count: values.count) } == values)
    }
}
