import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// The texts that lose names, and those that no liar can destroy.
@Suite struct AnonymizedTextTests {
    private let today = Int(noon / Calendar.microsecondsPerDay)
    private let old = noon - 30 * Calendar.microsecondsPerDay

    private func rules() throws -> Anonymizing.Rules {
        let key = try #require(PseudonymKey([UInt8](repeating: 7, count: PseudonymKey.length)))
        return .init(key: key, homes: ["/home", "/global/*"], kinds: { _, _ in "other" })
    }

    private func used(
        _ id: UInt64, _ user: String, program: String = "/x", executable: String = "/usr/bin/python3",
        prefix: String = "/usr"
    ) -> SampleRecord {
        process(id, user: user).with {
            $0.time = old
            $0[.main] = program
            $0[.executable] = executable
            $0[.prefix] = prefix
        }
    }

    private func anonymize(_ database: TestDatabase) throws -> Anonymizing {
        try Anonymizing.run(database.location.maintainer(), before: today, rules(), progress: { _, _ in })
    }

    private func programs(_ database: TestDatabase, of user: String) throws -> Set<String> {
        Set(
            try database.rows(
                """
                SELECT m.name FROM runs r JOIN programs m ON m.id = r.program JOIN users u ON u.id = r.usr
                WHERE u.name = '\(user)'
                """
            ).compactMap { $0[0].text })
    }

    @Test("a liar who is called like a directory changes only his own paths", arguments: Database.allCases)
    func poison(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        var id: UInt64 = 0
        let honest = (0..<8).map { "user\($0)" }
        for user in honest {
            id += 1
            writing.add([used(id, user, program: "/opt/envs/ml/train.py", prefix: "/opt/envs/ml")])
        }
        // also with the very paths of the others
        for liar in ["usr", "bin", "opt", "envs", "ml", "train.py", "python3"] {
            for path in ["/opt/envs/ml/train.py", "/y"] {
                id += 1
                writing.add([used(id, liar, program: path, prefix: "/opt/envs/ml")])
            }
        }
        try writing.commit()
        let key = try rules().key
        #expect(try anonymize(database).names.count == 15)
        for user in honest {
            #expect(try programs(database, of: key.pseudonym(of: user)) == ["/opt/envs/ml/train.py"])
        }
        #expect(
            try programs(database, of: key.pseudonym(of: "envs")) == [
                "/opt/\(key.pseudonym(of: "envs"))/ml/train.py", "/y",
            ])
        let kept = """
            SELECT count(*) FROM runs r JOIN environments e ON e.id = r.environment
                JOIN executables x ON x.id = r.executable
            WHERE e.prefix = '/opt/envs/ml' AND x.name = '/usr/bin/python3'
            """
        #expect(try database.integer(kept) ?? 0 >= honest.count)
    }

    @Test("a name goes from all texts of its person, and from others' paths in that home", arguments: Database.allCases)
    func complete(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let texts = [
            "/proj/kermit-proj/a.py", "/b/kermit.py", "-m kermit.tool", "/home/kermit/x", "/global/k/kermit/y",
        ]
        for (index, text) in texts.enumerated() {
            writing.add([
                used(UInt64(index), "kermit", program: text, executable: "\(text)/python", prefix: "\(text)/env").with {
                    $0[.host] = "kermit-laptop"
                    $0[.account] = "kermit_prj"
                    $0[.container] = "kermit/image"
                    $0[.jobID] = "7"
                    $0.packages = [.init("kermit_tools", "1+kermit")]
                }
            ])
        }
        for (index, user) in (0..<9).map({ "user\($0)" }).enumerated() {
            writing.add([used(UInt64(100 + index), user, program: "/home/kermit/x", prefix: "/global/k/kermit/y")])
        }
        try writing.commit()
        let reader = try database.location.reader()
        try database.connect().run(script: "UPDATE jobs SET node_list = 'kermit-laptop[1-3],nid001' WHERE job_id = '7'")
        #expect(try NameTrace.find("kermit", in: reader).count >= 8)
        let preview = try Anonymizing.preview(reader, before: today, rules())
        #expect(preview.replaced.contains { $0.from == "/b/kermit.py" && $0.to?.hasPrefix("/b/user-") == true })
        #expect(preview.foreignShare > Anonymizing.mostForeignShare)
        let done = try anonymize(database)
        #expect(done.paths == preview.paths && done.texts >= 4)
        #expect(try NameTrace.find("kermit", in: reader) == [])
        let nodes = try database.rows("SELECT node_list FROM jobs WHERE job_id = '7'").compactMap { $0.first?.text }
        #expect(nodes.count == 1 && nodes.allSatisfy { $0.hasPrefix("user-") && $0.hasSuffix("-laptop[1-3],nid001") })
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 14)
        // a second run finds nothing to do
        #expect(try anonymize(database).paths == 0)
    }

    @Test("a text that others use too stays", arguments: Database.allCases)
    func shared(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        for (index, user) in ["node7", "numpy", "physics", "ada"].enumerated() {
            writing.add([
                used(UInt64(index), user).with {
                    $0[.host] = "node7"
                    $0[.account] = "physics"
                    $0[.jobID] = "7"
                    $0.packages = [.init("numpy", "2.0")]
                }
            ])
        }
        try writing.commit()
        #expect(try anonymize(database).texts == 0)
        for (table, name) in [("hosts", "node7"), ("accounts", "physics"), ("packages", "numpy")] {
            #expect(try database.integer("SELECT count(*) FROM \(table) WHERE name = '\(name)'") == 1)
        }
    }

    @Test("a name goes from a host that is no run's first host", arguments: Database.allCases)
    func otherHosts(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        writing.add([used(1, "kermit"), used(2, "nid7"), used(3, "ada")])
        try writing.commit()
        let day = Int64(Calendar.day(ofMicroseconds: old))
        // a host, and the days on which it had records
        let hosts: [(name: String, days: [Int64])] = [
            ("kermit-laptop", [day]), ("pc.kermit.example", [day]),
            // of a person without usage on one of the days, of others, and in use
            ("nid7", [day - 1, day]), ("gpu1", [day]), ("ada-laptop", [day, Int64(today)]),
        ]
        for (name, days) in hosts {
            try database.connect().run(script: "INSERT INTO hosts (name) VALUES ('\(name)')")
            for day in days {
                try database.connect().run(
                    script: """
                        INSERT INTO host_days (day, host, records, first_seen, last_seen)
                        SELECT \(day), id, 1, \(day * Calendar.microsecondsPerDay), \(day * Calendar.microsecondsPerDay)
                        FROM hosts WHERE name = '\(name)'
                        """)
            }
        }
        #expect(try anonymize(database).texts == 2)
        let reader = try database.location.reader()
        #expect(try NameTrace.find("kermit", in: reader) == [])
        let left = Set(
            try database.rows("SELECT h.name FROM host_days d JOIN hosts h ON h.id = d.host").compactMap { $0[0].text })
        #expect(left.isSuperset(of: ["nid7", "gpu1", "ada-laptop"]) && left.count == 5)
        #expect(try anonymize(database).texts == 0)
    }
}
