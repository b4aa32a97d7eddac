import Record
import SampleRecords
import Testing

@Suite struct UniteTests {
    private func names(_ record: UsageRecord) -> [SampleRecord.Package] {
        record.packages.map { SampleRecord.Package(record.string($0.name) ?? "?", record.string($0.version)) }
    }

    @Test("packages and direct use of both parts, in order") func packages() {
        var first = SampleRecord(id: 1).with {
            $0.packages = [.init("numpy", "2.1"), .init("os")]
            $0.direct = ["numpy"]
        }.usage
        let second = SampleRecord(id: 1).with {
            $0.packages = [.init("scipy", "1.14"), .init("größe", "")]
            $0.direct = ["größe"]
        }.usage
        first.unite(with: second)
        #expect(names(first) == [.init("numpy", "2.1"), .init("os"), .init("scipy", "1.14"), .init("größe", "")])
        #expect(first.direct.map { first.string($0) } == ["numpy", "größe"])
        #expect(first.directIsKnown)
    }

    @Test("what one part does not say the other does, and the first part's word stands") func fields() {
        var first = SampleRecord(id: 1).with {
            $0[.username] = "ada"
            $0[.stepID] = ""
            $0.end = .killed
            $0.part = 2
            $0.parts = 2
        }.usage
        var second = SampleRecord(id: 1).with {
            for field in TextField.allCases { $0[field] = "second \(field)" }
            $0.time = 1
            $0.elapsed = 2
            $0.end = .exit
            $0.uid = 3
            $0.restart = 4
            $0.numNodes = 5
            $0.rank = 6
            $0.isCompute = true
            $0.isShifter = false
            $0.isStaff = true
            $0.part = 1
            $0.parts = 2
            $0.canary = ("run", 7, 8)
        }.usage
        second.pid = 9
        second.ppid = 10
        second.numTasks = 11
        second.arrayJobID = 12
        second.arrayTaskID = 13
        second.hetGroup = 14
        first.unite(with: second)
        for field in TextField.allCases where field != .username && field != .stepID {
            #expect(first.string(field) == "second \(field)")
        }
        #expect(first.string(.username) == "ada")
        #expect(first.string(.stepID) == "", "an empty text is something said")
        #expect(first.end == .killed)
        #expect(first.eventTime == 1 && first.elapsed == 2 && first.uid == 3 && first.restart == 4)
        #expect(first.numNodes == 5 && first.rank == 6 && first.pid == 9 && first.ppid == 10)
        #expect(first.numTasks == 11 && first.arrayJobID == 12 && first.arrayTaskID == 13 && first.hetGroup == 14)
        #expect(first.isCompute == true && first.isShifter == false && first.isStaff == true)
        #expect(first.part == nil && first.parts == nil, "the union is a whole record")
        #expect(first.canary?.sequence == 7 && first.canary?.of == 8)
        #expect(first.canary.map { first.string($0.run) } == "run")
    }

    @Test("direct use is known if one part knows it") func direct() {
        var record = SampleRecord(id: 1).usage
        record.unite(with: SampleRecord(id: 1).usage)
        #expect(!record.directIsKnown)
        record.unite(with: SampleRecord(id: 1).with { $0.direct = [] }.usage)
        #expect(record.directIsKnown)
        record.unite(with: SampleRecord(id: 1).usage)
        #expect(record.directIsKnown)
    }

    @Test("a reset record is like a new one") func reset() {
        var record = SampleRecord(id: 1).with {
            for field in TextField.allCases { $0[field] = "text" }
            $0.packages = [.init("a")]
            $0.direct = ["a"]
            $0.canary = ("run", 1, 2)
            $0.isLegacy = true
            $0.unknownKeys = 3
        }.usage
        record.reset()
        #expect(record.packages.isEmpty && record.direct.isEmpty && !record.directIsKnown)
        #expect(record.canary == nil && !record.isLegacy && record.unknownKeys == 0 && record.text.isEmpty)
        for field in TextField.allCases { #expect(record.string(field) == nil) }
    }
}
