import Merge

/// Runs are kept in the order of their keys, which begin with the day and the number of the job.
extension Dialect {
    /// The least key that a run of this day can have: a literal.
    ///
    /// - Parameter day: counted from 1970-01-01 UTC.
    public func runKey(beginning day: Int) -> String { runKey(day, job: 0, rest: "0") }

    /// The runs, called `r`, of jobs whose ids begin with the same number, day by day by the keys that they can have: what stands
    /// behind FROM.
    ///
    /// - Parameters:
    ///   - jobID: as records tell it.
    ///   - days: counted from 1970-01-01 UTC; one at least.
    public func runs(ofJob jobID: String, on days: [Int]) -> String {
        var jobID = jobID
        let number = jobID.withUTF8 { RunID.jobNumber(UnsafeRawBufferPointer($0)) }
        let rows = days.map { day in
            "(\(runKey(day, job: number, rest: "0")), \(runKey(day, job: number, rest: "f")))"
        }
        let keys = "(VALUES \(rows.joined(separator: ", "))) k"
        let isBetween = "x.run >= k.column1 AND x.run <= k.column2"
        return switch self {
        // the planner, left alone, would read all runs there are
        case .postgres: "\(keys) CROSS JOIN LATERAL (SELECT * FROM runs x WHERE \(isBetween) OFFSET 0) r"
        case .sqlite: "\(keys) CROSS JOIN runs r ON \(isBetween.replacing("x.", with: "r."))"
        }
    }

    private func runKey(_ day: Int, job: UInt64, rest digit: Character) -> String {
        let key =
            Dialect.digits(UInt64(UInt16(clamping: day)), 4) + Dialect.digits(job, 12)
            + String(repeating: digit, count: 16)
        return self == .postgres ? "CAST('\(key)' AS uuid)" : "X'\(key)'"
    }

    private static func digits(_ number: UInt64, _ count: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: count - digits.count) + digits
    }
}
