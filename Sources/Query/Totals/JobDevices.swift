import Store

/// The allocated time of jobs' CPUs or GPUs by Slurm, in whole seconds.
struct JobDevices {
    /// `cpus` or `gpus`.
    private let column: DayRows.Column
    /// The seconds, plus one.
    private let known = PagedArray<Int64>(empty: 0)

    init(_ column: DayRows.Column) { self.column = column }

    mutating func add(_ rows: DayRows, _ kept: [Int]) {
        let (job, count, seconds) = (rows[.job], rows[column], rows[.seconds])
        var page = PagedArray<Int64>.Page()
        for row in kept where job[row] > 0 && count[row] >= 0 && seconds[row] >= 0 {
            let (product, isTooLarge) = count[row].multipliedReportingOverflow(by: seconds[row])
            page.place(of: job[row], in: known).pointee = isTooLarge ? .max : product &+ 1
        }
    }

    /// nil if it is not known.
    func seconds(of job: Int64) -> Int64? { known[job] > 0 ? known[job] - 1 : nil }
}
