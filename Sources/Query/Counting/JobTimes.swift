import Store

/// The node time of jobs, in whole node seconds, so that sums are exact and the same on every store. It is Slurm's
/// elapsed time if known, and otherwise the time from the first to the last sign of life.
struct JobTimes {
    static let columns: Set<DayRows.Column> = [.job, .nodes, .seconds, .started, .lastSeen]

    private struct Life: Equatable, BitwiseCopyable {
        var nodes: Int64
        var started: Int64
        var lastSeen: Int64
    }

    /// Slurm's node seconds, plus one.
    private let known = PagedArray<Int64>(empty: 0)
    private let lives = PagedArray<Life>(empty: Life(nodes: 0, started: 0, lastSeen: 0))

    mutating func add(_ rows: DayRows, _ kept: [Int]) {
        let (job, nodes, seconds) = (rows[.job], rows[.nodes], rows[.seconds])
        let (started, lastSeen) = (rows[.started], rows[.lastSeen])
        var page = PagedArray<Int64>.Page()
        for row in kept where job[row] > 0 {
            let count = nodes[row] < 0 ? 1 : nodes[row]
            if seconds[row] >= 0 {
                page.place(of: job[row], in: known).pointee = JobTimes.product(count, seconds[row]) + 1
                continue
            }
            var life = lives[job[row]]
            if life.started == 0 && life.lastSeen == 0 {
                life = Life(nodes: count, started: started[row], lastSeen: lastSeen[row])
            } else {
                life.nodes = count
                life.started = min(life.started, started[row])
                life.lastSeen = max(life.lastSeen, lastSeen[row])
            }
            lives[job[row]] = life
        }
    }

    func nodeSeconds(of job: Int64) -> Int64 {
        let time = known[job]
        if time > 0 { return time - 1 }
        let life = lives[job]
        return JobTimes.product(life.nodes, max(0, life.lastSeen &- life.started) / 1_000_000)
    }

    /// The node seconds of a job; of an unknown number of nodes it has one.
    static func nodeSeconds(_ nodes: Int64?, _ seconds: Int64) -> Int64 { product(nodes ?? 1, seconds) }

    /// A product that cannot overflow: claims of records are limited when they are accepted, Slurm's values are not.
    private static func product(_ nodes: Int64, _ seconds: Int64) -> Int64 {
        let (product, isTooLarge) = nodes.multipliedReportingOverflow(by: seconds)
        return isTooLarge ? .max - 1 : product
    }
}
