import Merge
import Record
import SampleRecords
import Testing

@Suite struct NameBudgetTests {
    private func kernel(_ uid: UInt32, hours: Int64 = 0) -> Envelope {
        Envelope(arrival: noon + hours * 3_600 * second, identity: .kernel, uid: uid, pid: 1)
    }

    private func program(_ number: UInt64) -> SampleRecord {
        process(number).with {
            $0.uid = 7
            $0[.main] = "/home/eve/\(number).py"
        }
    }

    @Test("new names beyond the budget count as other, and each is counted") func spent() {
        var feed = Feed(Merger(newNames: 50))
        for number in 1...200 as ClosedRange<UInt64> { feed.add(program(number), kernel(7)) }
        let programs = Set(feed.runs.map { $0.words.program })
        #expect(programs.contains("other"))
        #expect(programs.count > 30 && programs.count <= 50)
        #expect(feed.counters["other_names", default: 0] == 200 - UInt64(programs.count - 1))
        #expect(feed.runs.reduce(0) { $0 + $1.delta.processes } == 200, "each record counts all the same")
        #expect(feed.merger.senderOverBudget == "uid 7")
    }

    @Test("the budget is the sender's own, and of one hour") func own() {
        var feed = Feed(Merger(newNames: 50))
        for number in 1...200 as ClosedRange<UInt64> { feed.add(program(number), kernel(7)) }
        feed.add(program(1_000), kernel(8))
        feed.add(program(1_001), kernel(7))
        feed.add(program(1_002), kernel(7, hours: 1))
        let programs = Set(feed.runs.map { $0.words.program })
        #expect(programs.contains("/home/eve/1000.py") && programs.contains("/home/eve/1002.py"))
        #expect(!programs.contains("/home/eve/1001.py"))
    }

    @Test("known names are free, and stay so when the vocabulary has been emptied") func known() {
        var feed = Feed(Merger(vocabulary: Vocabulary(maximumSymbols: 20), newNames: 50))
        for round in 0..<10 as Range<UInt64> {
            for number in 1...30 as ClosedRange<UInt64> {
                feed.add(program(number).with { $0.id = round * 100 + number }, kernel(7))
            }
            #expect(feed.counters["other_names"] == nil)
            feed.merger.finishBatch()
        }
        #expect(feed.merger.vocabulary.generation > 5)
    }

    @Test("a wide stack costs as its packages do, and further ones are the stack of one package, other") func stacks() {
        var feed = Feed(Merger(newNames: 50))
        for number in 1...10 as ClosedRange<UInt64> {
            feed.add(
                process(number).with {
                    $0.uid = 7
                    $0.packages = (0..<100).map { .init("p\(number)x\($0)") }
                    $0.direct = nil
                }, kernel(7))
        }
        let stacks = Set(feed.runs.map { $0.words.stack })
        #expect(stacks.contains([PackageWords(name: "other", version: nil, direct: nil)]))
        #expect(stacks.count == 1 + 50 * 20 / 4 / 100, "a quarter of an hour's packages in one minute")
    }

    @Test("a record whose names are replaced does not decide for the same record of another sender") func notCached() {
        var feed = Feed(Merger(newNames: 50))
        for number in 1...200 as ClosedRange<UInt64> { feed.add(program(number), kernel(7)) }
        let same = program(500)
        feed.add(same, kernel(7))
        feed.add(same.with { $0.id = 501 }, Envelope(arrival: noon))
        #expect(Set(feed.runs.map { $0.words.program }).contains("/home/eve/500.py"))
    }
}
