import Glibc

/// Bounds of a proportion by the binomial distribution itself, without an approximation (Clopper and Pearson, *The Use
/// of Confidence or Fiducial Limits*, 1934).
public enum ExactBinomial {
    private static let doubt = 0.05

    /// The upper bound of the proportion at 95 % confidence: with it, `count` or fewer of `total` are seen in 5 % of
    /// cases. Nil if the total is 0.
    public static func upper95(_ count: Int64, of total: Int64) -> Double? {
        guard total > 0, (0...total).contains(count) else { return nil }
        if count == total { return 1 }
        // P(X <= count) falls as the proportion grows
        return bisect { atMost(count, of: total, $0) > doubt }
    }

    /// The lower bound of the proportion at 95 % confidence: with it, `count` or more of `total` are seen in 5 % of
    /// cases.
    public static func lower95(_ count: Int64, of total: Int64) -> Double? {
        guard total > 0, (0...total).contains(count) else { return nil }
        if count == 0 { return 0 }
        return bisect { 1 - atMost(count - 1, of: total, $0) < doubt }
    }

    /// The proportion at which `isBelow` turns false.
    private static func bisect(_ isBelow: (Double) -> Bool) -> Double {
        var low = 0.0
        var high = 1.0
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if isBelow(middle) { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The probability of at most `count` of `total`, each with `proportion`. It sums the smaller tail, from its
    /// largest term outwards, until terms add nothing.
    private static func atMost(_ count: Int64, of total: Int64, _ proportion: Double) -> Double {
        if proportion <= 0 { return 1 }
        if proportion >= 1 { return count >= total ? 1 : 0 }
        let mean = Double(total) * proportion
        if Double(count) < mean {
            return sum(from: count, step: -1, of: total, proportion)
        }
        return 1 - sum(from: count + 1, step: 1, of: total, proportion)
    }

    private static func sum(from start: Int64, step: Int64, of total: Int64, _ proportion: Double) -> Double {
        let odds = proportion / (1 - proportion)
        var term = exp(logTerm(start, of: total, proportion))
        var sum = 0.0
        var index = start
        while (0...total).contains(index), term > sum * 1e-17 {
            sum += term
            term *=
                step > 0
                ? Double(total - index) / Double(index + 1) * odds : Double(index) / Double(total - index + 1) / odds
            index += step
        }
        return sum
    }

    private static func logTerm(_ count: Int64, of total: Int64, _ proportion: Double) -> Double {
        let ways = lgamma(Double(total) + 1) - lgamma(Double(count) + 1) - lgamma(Double(total - count) + 1)
        return ways + Double(count) * log(proportion) + Double(total - count) * log1p(-proportion)
    }
}
