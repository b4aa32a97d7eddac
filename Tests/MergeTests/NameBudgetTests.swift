import Checksum
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

    private func network(_ source: UInt64) -> Envelope { Envelope(arrival: noon, source: source) }

    @Test("a network that floods leaves the others half of what all that prove nothing may bring") func networks() {
        var feed = Feed(Merger(newNames: 50))
        for number in 1...2_000 as ClosedRange<UInt64> { feed.add(program(number), network(0xFFFF_C000_0207)) }
        let flood = Set(feed.runs.map { $0.words.program })
        #expect(flood.count > 450 && flood.count <= 50 * 10)
        #expect(feed.merger.senderOverBudget == "unproven at 192.0.2.7")
        feed.merger.finishBatch()
        for number in 3_000..<3_400 as Range<UInt64> {
            feed.add(program(number), network(number % 2 == 0 ? 0x2001_0DB8_0000_0001 : 0))
        }
        #expect(!feed.runs.contains { $0.words.program == "other" })
        #expect(feed.counters["other_names"] == nil)
    }

    @Test("networks together have a bound, and who proves himself is outside of it") func spoofed() {
        var feed = Feed(Merger(newNames: 50))
        for number in 1...3_000 as ClosedRange<UInt64> { feed.add(program(number), network(number)) }
        let programs = Set(feed.runs.map { $0.words.program })
        #expect(programs.count > 950 && programs.count <= 50 * 20)
        feed.add(program(4_000), kernel(7))
        feed.add(program(4_001), Envelope(arrival: noon, identity: .relay, relay: RelayName("relay-1")))
        let later = Set(feed.runs.map { $0.words.program })
        #expect(later.contains("/home/eve/4000.py") && later.contains("/home/eve/4001.py"))
    }

    @Test("names that the store has cost nothing") func stored() {
        var known = StoredNames(key: .random())
        for number in 1...200 { known.add("/home/eve/\(number).py", .program) }
        known.sort()
        var feed = Feed(Merger(newNames: 50, storedNames: known))
        for number in 1...200 as ClosedRange<UInt64> { feed.add(program(number), kernel(7)) }
        #expect(Set(feed.runs.map { $0.words.program }).count == 200)
        // they are no less known when the budget is spent
        for number in 300...400 as ClosedRange<UInt64> { feed.add(program(number), kernel(7)) }
        feed.merger.finishBatch()
        feed.add(program(500), kernel(7))
        feed.add(program(200).with { $0.id = 501 }, kernel(7))
        #expect(feed.runs.map { $0.words.program } == ["other", "/home/eve/200.py"])
    }

    @Test("sets of packages that the store has cost nothing, in whichever order they come") func storedStacks() {
        let key = SipHash.Key.random()
        func stack(_ number: Int) -> SampleRecord {
            process(UInt64(number)).with {
                $0.uid = 7
                $0.packages = (0..<100).map { .init("p\(number)x\($0)") }
                $0.direct = nil
            }
        }
        var known = StoredNames(key: key)
        for number in 1...30 {
            var text = CompoundKey()
            for name in stack(number).packages.map({ $0.name }).sorted(by: { ExactText($0) < ExactText($1) }) {
                text.append(Stack.Package(name: name, version: nil, direct: nil))
            }
            let fingerprint = text.bytes.withUnsafeBytes { SipHash.wide($0, key) }
            known.add(fingerprint: UInt32(fingerprint.high >> 32), .stack)
        }
        known.sort()
        var feed = Feed(Merger(newNames: 50, storedNames: known))
        for number in 1...30 {
            feed.add(stack(number), kernel(7))
            feed.add(
                stack(number).with {
                    $0.id += 100; $0.packages.reverse()
                }, kernel(7))
        }
        #expect(Set(feed.runs.map { $0.words.stack }).count == 30)
        #expect(feed.counters["other_names"] == nil)
        for number in 200..<210 { feed.add(stack(number), kernel(7)) }
        let stacks = Set(feed.runs.map { $0.words.stack })
        // the known ones, those of the budget of one minute, and "other"
        #expect(stacks.count == 33)
    }
}
