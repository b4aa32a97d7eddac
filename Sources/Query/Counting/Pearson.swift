/// Pearson's correlation coefficient of two 0/1 vectors, from counts; nil if one of them is constant.
func pearson(both: Int64, first: Int64, second: Int64, all: Int64) -> Double? {
    let n = Double(all)
    let x = Double(first)
    let y = Double(second)
    let spread = ((x * (n - x)) * (y * (n - y))).squareRoot()
    guard spread > 0 else { return nil }
    let value = (n * Double(both) - x * y) / spread
    // digits beyond the twelfth are noise; adding 0 removes the sign of a negative zero
    return (value * 1e12).rounded() / 1e12 + 0
}
