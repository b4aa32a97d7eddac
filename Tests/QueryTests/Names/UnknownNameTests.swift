import Query
import Store
import TestDatabases
import Testing

/// Names in questions, checked over the sample centre.
@Suite struct UnknownNameTests {
    private func filter(_ change: (inout UsageFilter) -> Void) -> UsageFilter {
        var filter = UsageFilter()
        change(&filter)
        return filter
    }

    @Test("a name that occurs is no obstacle", arguments: Database.allCases) func known(engine: Database) throws {
        let reader = try SampleCentre.database(engine).location.reader()
        #expect(try UsageFilter().unknownName(reader) == nil)
        let known = filter {
            $0.system = "perlmutter"
            $0.account = "m2"
            $0.subsystem = "gpu"
            $0.partition = "part2"
            $0.qos = "regular"
            $0.user = "user8"
            $0.prefix = WildcardPattern("/opt/python1")
            $0.mapping = SampleCentre.mapping
            $0.charged = [.pi: "Curie", .field: "(unmapped)"]
        }
        #expect(try known.unknownName(reader) == nil)
        #expect(try filter { $0.prefix = WildcardPattern("/nowhere/*") }.unknownName(reader) == nil)
        #expect(try KnownNames.check("user1", .user, reader) == nil)
        #expect(try KnownNames.check("alvarez", .cluster, reader) == nil)
    }

    @Test("any other is told with a name that was probably meant", arguments: Database.allCases)
    func unknown(engine: Database) throws {
        let reader = try SampleCentre.database(engine).location.reader()
        let system = try filter { $0.system = "perlmuter" }.unknownName(reader)
        #expect(system?.description == "there is no system 'perlmuter'; did you mean 'perlmutter'?")
        let account = try filter { $0.account = "nowhere near" }.unknownName(reader)
        #expect(account?.description == "there is no account 'nowhere near'")
        let subsystem = try filter { $0.subsystem = "cpu" }.unknownName(reader)
        #expect(subsystem?.description == "there is no subsystem 'cpu'; did you mean 'gpu'?")
        let partition = try filter { $0.partition = "par1" }.unknownName(reader)
        #expect(partition?.description == "there is no partition 'par1'; did you mean 'part1'?")
        let qos = try filter { $0.qos = "debugs" }.unknownName(reader)
        #expect(qos?.description == "there is no qos 'debugs'; did you mean 'debug'?")
        let user = try filter { $0.user = "usr8" }.unknownName(reader)
        #expect(user?.description == "there is no user 'usr8'; did you mean 'user8'?")
        let environment = try filter { $0.prefix = WildcardPattern("/opt/pyton1") }.unknownName(reader)
        #expect(environment?.description == "there is no environment '/opt/pyton1'; did you mean '/opt/python1'?")
        let named = filter {
            $0.mapping = SampleCentre.mapping
            $0.charged = [.pi: "curie"]
        }
        #expect(try named.unknownName(reader)?.description == "there is no PI 'curie'; did you mean 'Curie'?")
        // a letter with an accent, and a letter and an accent, are two names
        #expect(try KnownNames.check("gro\u{308}ße", .package, reader)?.suggestion == "größe")
    }

    @Test("a package is known by its import name or its distribution's", arguments: Database.allCases)
    func package(engine: Database) throws {
        let reader = try SampleCentre.database(engine).location.reader()
        #expect(try PackageNames.meaning(of: "torch", reader) == .importName("torch"))
        #expect(try PackageNames.meaning(of: "PyTorch", reader) == .distribution(importName: "torch"))
        guard case .unknown(let unused) = try PackageNames.meaning(of: "opencv-python", reader),
            case .unknown(let misspelt) = try PackageNames.meaning(of: "nunpy", reader)
        else {
            Issue.record("these have no usage")
            return
        }
        #expect(unused.description.hasSuffix("'opencv-python', which is imported as 'cv2'"))
        #expect(misspelt.description == "there is no usage of package 'nunpy'; did you mean 'numpy'?")
    }

    @Test("a store without usage says so", arguments: Database.allCases) func empty(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        let unknown = try KnownNames.check("alice", .user, try database.location.reader())
        #expect(unknown?.description == "there is no user 'alice': the store has no usage yet")
    }
}
