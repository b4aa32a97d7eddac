import Merge

/// Runs are kept in the order of their keys, which begin with the day and the number of the job.
extension Dialect {
    /// The least key that a run of this day can have: a literal.
    ///
    /// - Parameter day: counted from 1970-01-01 UTC.
    public func runKey(beginning day: Int) -> String { runKey(day, job: 0, rest: "0") }

    /// Where the runs of a job are: a row for each day, of the least and the greatest key that they can have.
    ///
    /// - Parameters:
    ///   - jobID: as records tell it.
    ///   - days: counted from 1970-01-01 UTC; one at least.
    public func runKeys(ofJob jobID: String, on days: [Int]) -> String {
        var jobID = jobID
        let number = jobID.withUTF8 { RunID.jobNumber(UnsafeRawBufferPointer($0)) }
        let rows = days.map { day in
            "(\(runKey(day, job: number, rest: "0")), \(runKey(day, job: number, rest: "f")))"
        }
        return "VALUES \(rows.joined(separator: ", "))"
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
