/// Pearson's correlation coefficient of two 0/1 vectors, from counts; nil where one of them is constant.
func pearson(both: Int64, first: Int64, second: Int64, all: Int64) -> Double? {
    let n = Double(all)
    let x = Double(first)
    let y = Double(second)
    let spread = ((x * (n - x)) * (y * (n - y))).squareRoot()
    guard spread > 0 else { return nil }
    let value = (n * Double(both) - x * y) / spread
    // beyond the twelfth digit there is noise; and zero has no sign
    return (value * 1e12).rounded() / 1e12 + 0
}
