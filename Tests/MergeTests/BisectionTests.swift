import Merge
import Testing

@Suite struct BisectionTests {
    /// Feeds a stretch to a store that refuses some entries.
    ///
    /// - Returns: what was taken and what was put aside, in order, and how many pieces it took.
    private func isolate(
        _ stretch: Range<UInt64>, refusing bad: Set<UInt64>
    ) -> (taken: [UInt64], aside: [UInt64], attempts: Int) {
        var bisection = Bisection(stretch)
        var (taken, aside, attempts): ([UInt64], [UInt64], Int) = ([], [], 0)
        while let piece = bisection.piece {
            attempts += 1
            if bad.isDisjoint(with: piece) {
                taken += piece
                bisection.take(before: piece.upperBound)
            } else if bisection.refuse(before: piece.upperBound) {
                aside += piece
                bisection.setAside(before: piece.upperBound)
            }
        }
        return (taken, aside, attempts)
    }

    @Test(
        "each refused entry is put aside, alone, and all others are taken in order",
        arguments: [[], [0], [99], [50], [0, 99], [3, 4, 5], [10, 40, 70]] as [Set<UInt64>])
    func each(bad: Set<UInt64>) {
        let stretch: Range<UInt64> = 1_000..<1_100
        let refused = Set(bad.map { $0 + 1_000 })
        let (taken, aside, _) = isolate(stretch, refusing: refused)
        #expect(aside == refused.sorted())
        #expect(taken == stretch.filter { !refused.contains($0) })
    }

    @Test("a stretch of one entry is that entry alone") func one() {
        #expect(isolate(7..<8, refusing: [7]).aside == [7])
        #expect(Bisection(7..<7).piece == nil)
    }

    @Test("one bad entry of 10,000 costs at most forty attempts, for pieces grow again") func few() {
        for bad in [0, 1, 4_999, 5_000, 9_999] as [UInt64] {
            #expect(isolate(0..<10_000, refusing: [bad]).attempts <= 40, "\(bad)")
        }
    }

    @Test("all entries may be bad") func all() {
        let (taken, aside, _) = isolate(0..<100, refusing: Set(0..<100))
        #expect(taken == [] && aside == Array(0..<100))
    }

    @Test("a piece may reach further than was asked, as over a damaged part of a journal") func further() {
        var bisection = Bisection(0..<10)
        #expect(bisection.piece == 0..<5)
        bisection.take(before: 8)
        #expect(bisection.piece == 8..<10)
        bisection.take(before: 12)
        #expect(bisection.piece == nil)
    }
}
