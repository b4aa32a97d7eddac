import Merge
import Record
import SampleRecords
import Testing

@Suite struct QuarantineTests {
    private func quarantine(_ feed: inout Feed, _ sample: SampleRecord) {
        let sequence = feed.sequence
        Feed.entry(sample).withUnsafeBytes { entry in
            feed.merger.quarantine(
                sample.usage, entry: entry, sequence: sequence, arrival: noon, reason: "no such user", noticed: noon + 1
            )
        }
        feed.sequence += 1
    }

    @Test("what was refused counts once, and its duplicate is one") func counts() {
        var feed = Feed()
        feed.add([process(1), process(2)])
        feed.merger.undoBatch()
        #expect(feed.batch.isEmpty && feed.accountedFor == 0)
        feed.sequence = 0
        feed.add(process(1))
        feed.merger.finishBatch()
        quarantine(&feed, process(2))
        #expect(feed.counters == ["rejected.refused_by_store": 1])
        #expect(
            feed.batch.quarantined == [
                QuarantinedRecord(
                    .entry(sequence: 1, bytes: Feed.entry(process(2))), reason: "no such user", noticed: noon + 1)
            ])
        feed.merger.finishBatch()
        feed.merger.endReplay()
        feed.add([process(1), process(2)])
        #expect(feed.counters == ["duplicate": 2])
    }

    @Test("if the store refuses a record's last part, the record is made of the other parts") func part() throws {
        let parts = (1...3).map { number in
            process(1).with {
                $0.part = Int64(number); $0.parts = 3
                $0.packages = [.init("package\(number)", "1")]
            }
        }
        var feed = Feed()
        feed.add(parts)
        feed.merger.undoBatch()
        feed.sequence = 0
        feed.add(Array(parts.prefix(2)))
        feed.merger.finishBatch()
        quarantine(&feed, parts[2])
        feed.merger.finishBatch()
        feed.merger.endReplay()
        feed.merger.expireParts(now: noon + 61 * second)
        #expect(feed.counters == ["incomplete_parts": 1, "merged": 1])
        #expect(try #require(feed.runs.first).words.stack.map { $0.name } == ["package1", "package2"])
    }

    @Test("parts that the store refuses when they are taken together are released and counted") func expired() {
        var feed = Feed()
        feed.add(
            (1...2).map { number in
                process(1).with {
                    $0.part = Int64(number); $0.parts = 3
                }
            })
        feed.merger.finishBatch()
        let late = noon + 61 * second
        #expect(feed.merger.expireParts(now: late, limit: 1) == 1)
        feed.merger.undoBatch()
        feed.merger.quarantineExpiredPart(now: late, reason: "no", noticed: late)
        #expect(feed.counters == ["rejected.refused_by_store": 2])
        #expect(feed.batch.releasedParts == [process(1).recordID])
        #expect(feed.batch.quarantined.map { $0.content } == [.heldParts(process(1).recordID)])
        feed.merger.finishBatch()
        #expect(feed.merger.expireParts(now: late, limit: 1) == 0)
    }
}
