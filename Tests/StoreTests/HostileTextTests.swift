import Merge
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct HostileTextTests {
    static let texts = [
        "'", "''; DROP TABLE runs; --", "\"", "\\", "\\x41", "\\N", "\\.", "$1", "?", "%s%n", "a\tb\nc\r",
        "{\"a\":1}", "🐍🏔️", "e\u{301}", "é", "\u{FFFD}", "\u{FEFF}", "\u{202E}abc", "NULL", " leading and trailing ",
        "\u{10FFFF}", String(repeating: "x", count: 2_000), String(repeating: "ä", count: 1_000),
        FixedRandom.text(seed: 5, bytes: 2_000),
    ]

    @Test("names come back as they were", arguments: Database.allCases)
    func names(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let samples = HostileTextTests.texts.enumerated().map { index, text in
            SampleRecord(id: UInt64(index)).with {
                for field in TextField.allCases { $0[field] = text }
                $0.packages = [.init(text, text)]
                $0.direct = [text]
            }
        }
        let count = UInt64(samples.count)
        #expect(try writing.commit(samples) == .committed(stored: count, merged: 0))
        let expected = Set(HostileTextTests.texts.map { Array($0.utf8) })
        for table in [
            "users", "clusters", "hosts", "executables", "programs", "steps", "accounts", "qoses", "partitions",
            "packages",
        ] {
            let names = try database.rows("SELECT name FROM \(table) WHERE id <> 0").compactMap { $0[0].text }
            #expect(Set(names.map { Array($0.utf8) }) == expected && names.count == expected.count, "\(table)")
        }
        for column in ["prefix", "python", "implementation", "container", "system", "subsystem"] {
            let rows = try database.rows("SELECT \(column) FROM environments WHERE \(column) <> ''")
            #expect(Set(rows.compactMap { $0[0].text.map { Array($0.utf8) } }) == expected, "\(column)")
        }
        let jobs = try database.rows("SELECT job_id FROM jobs").compactMap { $0[0].text.map { Array($0.utf8) } }
        #expect(Set(jobs) == expected)
        let versions = try database.rows(
            "SELECT count(*) FROM stack_packages sp JOIN packages p ON p.id = sp.package WHERE sp.version = p.name")
        #expect(versions == [[.integer(Int64(count))]])
        // the names are known now, and must be found again
        writing.merger = Merger()
        #expect(
            try writing.commit(samples.map { sample in sample.with { $0.id += 1_000 } })
                == .committed(stored: 0, merged: count))
    }

    @Test("a canary run and a source may have any name", arguments: Database.allCases)
    func otherNames(engine: Database) throws {
        let database = try TestDatabase(engine)
        for (index, text) in HostileTextTests.texts.enumerated() {
            var writing = try Writing(database, source: text)
            try writing.commit([process(UInt64(index)).with { $0.beCanary(of: text, 1, of: 1) }])
        }
        let count = Int64(HostileTextTests.texts.count)
        #expect(try database.integer("SELECT count(*) FROM sources WHERE tally = 1") == count)
        #expect(try database.integer("SELECT count(*) FROM canary_records") == count)
    }

    /// An index must be able to hold a package's name of any bytes.
    @Test(
        "names of packages over the bound are cut to it",
        arguments: Database.allCases,
        [
            FixedRandom.text(seed: 6, bytes: 7_900), "e" + FixedRandom.marks(seed: 7, count: 3_000),
            String(repeating: "👩‍👩‍👧‍👦", count: 300),
        ])
    func longPackages(engine: Database, name: String) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let sample = process(1).with { $0.packages = [.init(name, name), .init(name + "!", nil)] }
        #expect(try writing.commit([sample]) == .committed(stored: 1, merged: 0))
        let names = try database.rows("SELECT name FROM packages WHERE id <> 0").compactMap { $0[0].text }
        #expect(names.count == 1, "both are the same up to the bound")
        let stored = Array((names.first ?? "").utf8)
        #expect(stored.count > maximumTextBytes - 4 && stored.count <= maximumTextBytes)
        #expect(Array(name.utf8).starts(with: stored))
        #expect(try runTexts(database).count == 1)
    }

    @Test("names of clusters and packages are bytes", arguments: Database.allCases)
    func bytes(engine: Database) throws {
        let (one, two) = ("caf\u{E9}", "cafe\u{301}")
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([
            process(1).with {
                $0[.cluster] = one; $0.packages = [.init(one, "1"), .init(two, "2")]; $0.direct = [two]
            },
            process(2).with { $0[.cluster] = two },
        ])
        let names = try database.rows("SELECT c.name FROM jobs j JOIN clusters c ON c.id = j.cluster ORDER BY c.name")
        #expect(names.map { Array(($0[0].text ?? "").utf8) } == [two, one].map { Array($0.utf8) })
        let uses = try database.rows(
            """
            SELECT p.name, sp.version, sp.direct FROM stack_packages sp JOIN packages p ON p.id = sp.package
            WHERE p.name LIKE 'caf%' ORDER BY p.name
            """)
        #expect(uses == [[.text(two), .text("2"), .integer(1)], [.text(one), .text("1"), .integer(0)]])
        #expect(SQLValue.text(one) != SQLValue.text(two))
        let top = try TopUsage.ask(database.location.reader(), UsageFilter())
        #expect(top.rows.filter { $0.key.text?.hasPrefix("caf") == true }.map { $0.totals.jobs } == [1, 1])
    }
}

extension FixedRandom {
    /// Letters that do not compress.
    static func text(seed: UInt64, bytes: Int) -> String {
        var random = FixedRandom(seed: seed)
        return String((0..<bytes).map { _ in Character(Unicode.Scalar(UInt8(33 + random.below(94)))) })
    }

    /// Combining marks, which together with the letter before them are one character.
    static func marks(seed: UInt64, count: Int) -> String {
        var random = FixedRandom(seed: seed)
        var text = ""
        for _ in 0..<count {
            if let mark = Unicode.Scalar(UInt32(0x300 + random.below(0x6F))) { text.unicodeScalars.append(mark) }
        }
        return text
    }
}
