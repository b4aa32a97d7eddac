/// Runs are kept in the order of their keys, which begin with the day.
extension Dialect {
    /// The least key that a run of this day can have: a literal.
    ///
    /// - Parameter day: counted from 1970-01-01 UTC.
    public func runKey(beginning day: Int) -> String {
        let digits = String(UInt16(clamping: day), radix: 16)
        let key = String(repeating: "0", count: 4 - digits.count) + digits + String(repeating: "0", count: 28)
        return self == .postgres ? "'\(key)'" : "X'\(key)'"
    }
}
