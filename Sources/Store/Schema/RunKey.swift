import Merge

/// Runs are kept in the order of their keys, which begin with the day and the number of the job.
extension SQLDialect {
    /// The smallest possible key of a run of this day, as a literal.
    ///
    /// - Parameter day: counted from 1970-01-01 UTC.
    public func runKey(beginning day: Int) -> String { runKey(day, job: 0, rest: "0") }

    /// The runs, called `r`, of jobs whose ids begin with the same number, day by day by their possible keys: a FROM
    /// clause's content.
    ///
    /// - Parameters:
    ///   - jobID: as in records.
    ///   - days: counted from 1970-01-01 UTC; at least one.
    public func runs(ofJob jobID: String, on days: [Int]) -> String { runs(ofJobs: [(jobID, days)]) }

    /// The same of several jobs, each on its own days.
    public func runs(ofJobs jobs: [(jobID: String, days: [Int])]) -> String {
        var ranges: Set<String> = []
        for (jobID, days) in jobs {
            var jobID = jobID
            let number = jobID.withUTF8 { RunID.jobNumber(UnsafeRawBufferPointer($0)) }
            // jobs may share a number
            for day in days {
                ranges.insert("(\(runKey(day, job: number, rest: "0")), \(runKey(day, job: number, rest: "f")))")
            }
        }
        return runs(within: "(VALUES \(ranges.sorted().joined(separator: ", "))) k")
    }

    private func runKey(_ day: Int, job: UInt64, rest digit: Character) -> String {
        key(digits(UInt64(UInt16(clamping: day)), 4) + digits(job, 12) + String(repeating: digit, count: 16))
    }

    private func digits(_ number: UInt64, _ count: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: count - digits.count) + digits
    }
}
