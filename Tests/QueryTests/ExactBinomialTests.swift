import Glibc
import Query
import Testing

@Suite struct ExactBinomialTests {
    private func isNear(_ value: Double?, _ expected: Double) -> Bool {
        value.map { abs($0 - expected) <= 1e-9 * max(1, expected) } ?? false
    }

    @Test("nothing lost of n: 1 - 0.05^(1/n)", arguments: [1, 5, 100, 1_000, 1_000_000])
    func none(total: Int64) {
        #expect(isNear(ExactBinomial.upper95(0, of: total), 1 - pow(0.05, 1 / Double(total))))
        #expect(ExactBinomial.lower95(0, of: total) == 0)
    }

    @Test("all lost of n: from 0.05^(1/n) to 1", arguments: [1, 5, 100, 1_000])
    func all(total: Int64) {
        #expect(ExactBinomial.upper95(total, of: total) == 1)
        #expect(isNear(ExactBinomial.lower95(total, of: total), pow(0.05, 1 / Double(total))))
    }

    /// By summing the binomial distribution term by term.
    @Test(
        "as the distribution has it",
        arguments: [
            (1, 10, 0.005116196891823743, 0.3941633024365042), (5, 10, 0.22244110100812578, 0.7775588989918742),
            (2, 100, 0.0035651526032567478, 0.06161920039604069),
        ])
    func some(_ lost: Int64, _ total: Int64, _ lower: Double, _ upper: Double) {
        #expect(isNear(ExactBinomial.lower95(lost, of: total), lower))
        #expect(isNear(ExactBinomial.upper95(lost, of: total), upper))
    }

    @Test("large numbers are no trouble") func large() {
        // the normal approximation is good here: 0.02 +- 1.645 * sqrt(0.02 * 0.98 / n)
        let upper = ExactBinomial.upper95(20_000, of: 1_000_000) ?? 0
        #expect(abs(upper - 0.020230) < 3e-6)
        let lower = ExactBinomial.lower95(20_000, of: 1_000_000) ?? 0
        #expect(abs(lower - 0.019770) < 3e-6)
    }

    @Test("of nothing there is no bound") func nothing() {
        #expect(ExactBinomial.upper95(0, of: 0) == nil)
        #expect(ExactBinomial.lower95(0, of: 0) == nil)
    }
}
