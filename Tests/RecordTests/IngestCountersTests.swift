import Record
import Testing

@Suite struct IngestCountersTests {
    @Test("counts add up by name, and nothing is kept for zero") func adding() {
        var counters = IngestCounters()
        #expect(counters.isEmpty)
        counters.add(0, to: IngestCounters.stored)
        #expect(counters.isEmpty && counters[IngestCounters.stored] == 0)
        counters.add(2, to: IngestCounters.stored)
        var more = IngestCounters()
        more.add(3, to: IngestCounters.stored)
        more.add(1, to: IngestCounters.rejected(.badJSON))
        counters.add(more)
        #expect(counters.values == ["stored": 5, "rejected.bad_json": 1])
        counters.reset()
        #expect(counters.isEmpty)
    }

    @Test("each reason has a counter of its own") func reasons() {
        let names = RejectReason.allCases.map { IngestCounters.rejected($0) }
        #expect(Set(names).count == RejectReason.allCases.count)
        #expect(names.allSatisfy { $0.hasPrefix(IngestCounters.rejectedPrefix) && $0.utf8.count < 256 })
    }
}
