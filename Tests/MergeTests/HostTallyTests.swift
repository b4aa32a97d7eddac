import Merge
import Record
import SampleRecords
import Testing

@Suite struct HostTallyTests {
    private func process(_ id: UInt64, on host: String?, at time: Int64 = noon) -> SampleRecord {
        SampleRecord(id: id).with {
            $0[.host] = host
            $0[.username] = "ada"
            $0.time = time
        }
    }

    private func counted(_ feed: Feed) -> [String] {
        feed.merger.hosts.forStore.map {
            "\($0.host) \($0.day - Calendar.day(ofMicroseconds: noon)) \($0.records) "
                + "\(($0.firstSeen - noon) / second)...\(($0.lastSeen - noon) / second)"
        }.sorted()
    }

    @Test("each record counts once for its host", arguments: [true, false])
    func records(_ digests: Bool) {
        var feed = Feed(usesDigests: digests)
        for id in 0..<12 as Range<UInt64> { feed.add(process(id, on: "nid\(id % 3)", at: noon - Int64(id) * second)) }
        feed.add((0..<12).map { process($0, on: "nid\($0 % 3)") })
        feed.add(process(100, on: nil))
        feed.add(process(101, on: "nid0", at: noon - day))
        #expect(feed.runs.count == 2 && digests == (feed.takenByDigest > 4))
        #expect(counted(feed) == [])
        feed.merger.finishBatch()
        let expected = ["nid0 -1 1 -86400...-86400", "nid0 0 4 -9...0", "nid1 0 4 -10...-1", "nid2 0 4 -11...-2"]
        #expect(counted(feed) == expected)
        // of the next batch, and what the store has counts no more
        feed.merger.hosts.forgetStored()
        feed.add((20..<30).map { process($0, on: "nid1") })
        feed.merger.finishBatch()
        #expect(counted(feed) == ["nid1 0 10 0...0"])
        feed.add(process(30, on: "nid2"))
        feed.merger.finishBatch()
        #expect(counted(feed) == ["nid1 0 10 0...0", "nid2 0 1 0...0"] && feed.merger.hosts.waiting == 2)
    }

    @Test("a batch that is undone counts once") func undone() {
        var feed = Feed()
        feed.add((0..<5).map { process($0, on: "a") })
        feed.merger.finishBatch()
        feed.add((5..<9).map { process($0, on: "a") })
        feed.merger.undoBatch()
        #expect(counted(feed) == ["a 0 5 0...0"])
        feed.add((5..<9).map { process($0, on: "a") })
        feed.merger.endReplay()
        feed.merger.finishBatch()
        #expect(counted(feed) == ["a 0 9 0...0"])
    }

    @Test("hosts beyond a sender's budget are one") func budget() {
        var feed = Feed(Merger(newNames: 1, canaryKey: SampleRecord.canaryKey))
        feed.add((0..<100).map { process($0, on: "made-up-\($0)") })
        feed.merger.finishBatch()
        let hosts = feed.merger.hosts.forStore
        #expect(hosts.reduce(0) { $0 + $1.records } == 100)
        #expect(hosts.count < 30 && hosts.contains { $0.host == "other" && $0.records > 70 })
    }

    @Test("a record in parts counts once") func parts() {
        var feed = Feed()
        for part in 1...3 as ClosedRange<Int64> {
            feed.add(
                process(1, on: "a").with {
                    $0.part = part
                    $0.parts = 3
                })
        }
        feed.merger.finishBatch()
        #expect(counted(feed) == ["a 0 1 0...0"])
    }

    @Test("many hosts on many days are told apart") func many() {
        var feed = Feed()
        var expected: [String: Int] = [:]
        for id in 0..<20_000 as Range<UInt64> {
            let host = "host-\(id % 3_000).example.org"
            let ago = Int64(id % 7)
            feed.add(process(id, on: host, at: noon - ago * day))
            expected["\(host) \(-ago)", default: 0] += 1
            if id % 5_000 == 4_999 { feed.merger.finishBatch() }
        }
        let found = feed.merger.hosts.forStore.map { counts in
            ("\(counts.host) \(counts.day - Calendar.day(ofMicroseconds: noon))", Int(counts.records))
        }
        #expect(Dictionary(uniqueKeysWithValues: found) == expected)
    }
}
