import Merge
import Query
import Record
import SampleRecords
import Store
import TestDatabases

/// A centre's usage over some months, in two databases that took the same records; in one of them its days are packed.
enum SampleCentre {
    /// Midnight of 2026-01-10 UTC.
    static let beginning: Int64 = 1_768_003_200_000_000
    static let day = Calendar.microsecondsPerDay
    static let arrival = beginning + 200 * day

    /// All processes, from which the tests compute the answers without the store.
    static let processes: [SampleRecord] = {
        var random = FixedRandom(seed: 2_026)
        return (0..<900 as Range<UInt64>).map { process($0, &random) }
    }()

    /// Of the accounts `m1` to `m4`; `m4` is not in it.
    static let mapping = try? AccountMapping(
        Array("account,project,pi,field\nm1,one,Curie,physics\nm2,two,Curie,physics\nm3,two,,biology\n".utf8))

    /// Slurm knows of two jobs in three whether they have GPUs.
    private static let gpus = """
        UPDATE jobs SET gpus = CASE WHEN CAST(job_id AS integer) % 3 = 1 THEN 0 ELSE 4 END
        WHERE CAST(job_id AS integer) % 3 > 0
        """

    private static let loaded = Result {
        try Database.allCases.map { engine in
            let database = try TestDatabase(engine)
            try load(processes, into: database)
            let connection = try database.location.maintainer()
            try connection.query(gpus)
            if engine == .postgres {
                for day in try Packing.due(connection) { try Packing.pack(connection, day: day) }
            }
            return database
        }
    }

    /// The two databases.
    static func databases() throws -> [TestDatabase] { try loaded.get() }

    static func database(_ engine: Database) throws -> TestDatabase {
        let databases = try databases()
        return databases[engine == .sqlite ? 0 : 1]
    }

    /// Writes processes in several batches of one source.
    static func load(_ processes: [SampleRecord], into database: TestDatabase, source: String = "centre") throws {
        let store = database.location.makeStore()
        try store.migrate()
        _ = try store.open(source: source, kind: .daemon, host: "here")
        var merger = Merger()
        var position = SourcePosition(sequence: 0, tally: 0)
        var reached = position
        for (index, process) in processes.enumerated() {
            let entry = [UInt8](repeating: 1, count: 4)
            entry.withUnsafeBytes {
                merger.add(process.usage, Envelope(arrival: arrival), sequence: reached.sequence, entry: $0)
            }
            reached.sequence += 1
            reached.tally += 1
            guard index % 200 == 199 || index == processes.count - 1 else { continue }
            _ = try store.commit(merger.batch, vocabulary: merger.vocabulary, from: position, to: reached)
            position = reached
            merger.finishBatch()
        }
    }

    /// A process's account, nodes and so on depend on its job and user, as in a real centre.
    private static func process(_ id: UInt64, _ random: inout FixedRandom) -> SampleRecord {
        let job = random.below(60)
        let user = random.once(in: 8) ? random.below(12) : job % 12
        var sample = SampleRecord(id: id)
        sample.time = beginning + Int64(job) * 2 * day + Int64(random.below(Int(day)))
        sample.elapsed = Double(job + 1) * 10
        sample[.username] = user == 11 ? nil : "user\(user)"
        sample[.executable] = "/opt/python\(user % 3)/bin/python3"
        sample[.prefix] = user == 5 ? nil : "/opt/python\(user % 3)"
        sample[.python] = "3.1\(user % 3)"
        sample[.main] = "/home/user\(user)/\(random.below(2)).py"
        sample[.host] = "nid\(random.below(9))"
        sample[.system] = user % 4 == 0 ? "perlmutter" : "muller"
        sample[.subsystem] = user % 5 == 1 ? "gpu" : nil
        sample[.cluster] = job % 2 == 0 ? "main" : "alvarez"
        sample.isStaff = user == 3 ? true : nil
        sample.isCompute = user % 2 == 0 ? false : nil
        sample[.container] = user == 7 ? "podman" : nil
        sample[.implementation] = user == 4 ? "pypy" : "cpython"
        if !random.once(in: 6) {
            // two clusters have jobs of the same number, and one job was requeued
            sample[.jobID] = "\(1_000 + job / 2)"
            sample[.stepID] = "\(random.below(2))"
            sample[.account] = job % 5 == 0 ? nil : "m\(job % 5)"
            sample[.partition] = job % 3 == 0 ? nil : "part\(job % 3)"
            sample[.qos] = job % 4 == 0 ? nil : ["regular", "debug"][job % 2]
            sample.numNodes = [nil, 1, 2, 4, 64][job % 5]
            sample.isCompute = job % 7 == 0 ? nil : true
            if job == 8 { sample.restart = Int64(random.below(2)) }
        }
        sample.rank = random.once(in: 3) ? Int64(random.below(4)) : nil
        sample.end = [.exit, .exit, .exception, .signal, .killed, nil][random.below(6)]
        let names = ["numpy", "scipy", "torch", "Zebra", "mpi4py", "größe", "os", "dask"]
        var packages: [SampleRecord.Package] = []
        for (index, name) in names.enumerated() where random.below(names.count + 2) > index {
            packages.append(.init(name, [nil, "", "1.9", "1.10", "2.0"][(user + index) % 5]))
        }
        sample.packages = packages
        sample.direct = user % 3 == 0 ? nil : packages.filter { _ in random.once(in: 2) }.map { $0.name }
        return sample
    }
}

/// A job as the answers count it.
struct JobWords: Hashable {
    let cluster: String
    let id: String
    let restart: Int64
}

extension SampleRecord {
    var job: JobWords? {
        guard let id = self[.jobID], !id.isEmpty else { return nil }
        return JobWords(cluster: self[.cluster] ?? "", id: id, restart: restart ?? 0)
    }

    /// nil where Slurm knows nothing.
    var gpus: Int64? {
        guard let number = job.flatMap({ Int64($0.id) }), number % 3 > 0 else { return nil }
        return number % 3 == 1 ? 0 : 4
    }

    var user: String? { self[.username] }

    var dayNumber: Int { Int((time ?? 0) / Calendar.microsecondsPerDay) }

    func uses(_ package: String) -> Bool { packages.contains { $0.name == package } }
}
