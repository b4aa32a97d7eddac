import Merge
import Record
import SampleRecords
import Testing

@Suite struct RecentIdentifiersTests {
    private func id(_ number: Int) -> RecordID { RecordID(high: 7, low: UInt64(number)) }

    /// Puts in the numbers of `range`, one at each microsecond from `start` on.
    private func insert(_ range: Range<Int>, start: Int64 = 0, into recent: inout RecentIdentifiers) -> Int {
        var accepted = 0
        for number in range where recent.insert(id(number), arrival: start + Int64(number), sequence: UInt64(number)) {
            accepted += 1
        }
        return accepted
    }

    @Test("what is known is not new, and asking does not make it known") func known() {
        var recent = RecentIdentifiers()
        #expect(!recent.contains(id(1)))
        #expect(!recent.contains(id(1)))
        // both halves of an identity count, and zeros are an identity like any other
        let ids = [id(1), id(1), RecordID(high: 8, low: 1), RecordID(high: 0, low: 0), RecordID(high: 0, low: 0)]
        let isNew = ids.map { recent.insert($0, arrival: 0, sequence: 0) }
        #expect(isNew == [true, false, true, true, false])
        #expect(recent.contains(id(1)))
    }

    @Test("the last minimumCount are always known, however old") func minimumCount() {
        var recent = RecentIdentifiers(minimumCount: 100, minimumAge: 0, maximumCount: 100)
        var forgotten: [Int] = []
        for number in 0..<5_000 {
            _ = recent.insert(id(number), arrival: Int64(number) << 40, sequence: UInt64(number))
            for older in max(0, number - 99)...number where !recent.contains(id(older)) { forgotten.append(older) }
        }
        #expect(forgotten == [])
    }

    @Test("the last minimumAge is known, as long as maximumCount is not reached") func minimumAge() {
        var recent = RecentIdentifiers(minimumCount: 10, minimumAge: 1_000, maximumCount: 100_000)
        var forgotten: [Int] = []
        for number in 0..<20_000 {
            _ = insert(number..<number + 1, into: &recent)
            if number % 97 == 0 {
                for older in max(0, number - 1_000)...number where !recent.contains(id(older)) {
                    forgotten.append(older)
                }
            }
        }
        #expect(forgotten == [])
        #expect(!recent.contains(id(0)), "what is much older is forgotten")
    }

    @Test("beyond maximumCount the oldest are forgotten, whatever their age") func maximumCount() {
        var recent = RecentIdentifiers(minimumCount: 10, minimumAge: .max, maximumCount: 1_000)
        let accepted = insert(0..<10_000, into: &recent)
        #expect(accepted == 10_000)
        let held = (0..<10_000).filter { recent.contains(id($0)) }
        #expect(held.count >= 1_000 && held.count <= 2_000)
        #expect(held == Array(10_000 - held.count..<10_000), "those held are the latest, without a gap")
    }

    @Test("duplicates do not push others out") func duplicates() {
        var recent = RecentIdentifiers(minimumCount: 100, minimumAge: 0, maximumCount: 100)
        let accepted = insert(0..<50, into: &recent)
        #expect(accepted == 50)
        var again = 0
        for _ in 0..<1_000 { again += insert(20..<30, into: &recent) }
        again += insert(0..<50, into: &recent)
        #expect(again == 0)
    }

    @Test("all that is held came at or after the oldest sequence number") func oldestSequence() {
        var recent = RecentIdentifiers(minimumCount: 50, minimumAge: 0, maximumCount: 50)
        #expect(recent.oldestSequence == 0)
        for number in 0..<1_000 {
            _ = insert(number..<number + 1, into: &recent)
            let oldest = Int(recent.oldestSequence)
            #expect(oldest <= max(0, number - 49), "the last 50 can be rebuilt from there")
            #expect(oldest == 0 || recent.contains(id(oldest)), "not older than needed")
            if oldest > 0 { #expect(!recent.contains(id(oldest - 1))) }
        }
        #expect(recent.oldestSequence >= 900)
    }

    @Test("none is lost while the table grows") func growth() {
        var recent = RecentIdentifiers(minimumCount: 300_000, minimumAge: .max, maximumCount: 300_000)
        let fresh = insert(0..<200_000, into: &recent)
        #expect(fresh == 200_000)
        let again = insert(0..<200_000, into: &recent)
        #expect(again == 0)
    }
}
