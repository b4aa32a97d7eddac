import Store

/// Jobs by their number of nodes, each job once: the second figure of the SciPy 2021 paper.
public struct JobSizes: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        /// nil if no record said it.
        public let nodes: Int64?
        public let jobs: Int64
    }

    public let rows: [Row]

    /// - Parameter package: count only jobs that used it.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String? = nil, limit: Int? = nil
    ) throws(StoreError) -> JobSizes {
        let stacks = try StackGroups.counted(connection, filter, package: package)
        var count = Count(filter)
        try UsageScan(connection, filter).days(count.columns.union(stacks == nil ? [] : [.stack])) { rows, kept in
            guard let stacks else { return count.add(rows, kept) }
            count.add(rows, stacks.places(kept, rows[.stack]))
        }
        return JobSizes(rows: count.rows.limited(to: limit))
    }

    /// Counts jobs from rows of usage.
    struct Count {
        private let leastUsers: Int64
        /// The number of nodes plus two, so that an unknown number is 1.
        private let nodes = PagedArray<Int64>(empty: 0)
        /// The users of each job.
        private let people = JobSets()

        init(_ filter: UsageFilter) { leastUsers = filter.leastUsers }

        var columns: Set<DayRows.Column> { leastUsers > 0 ? [.job, .nodes, .user] : [.job, .nodes] }

        mutating func add(_ rows: DayRows, _ kept: [Int]) {
            let (job, count) = (rows[.job], rows[.nodes])
            var page = PagedArray<Int64>.Page()
            for row in kept where job[row] > 0 { page.place(of: job[row], in: nodes).pointee = count[row] + 2 }
            if leastUsers > 0 { people.add(rows, kept, key: rows[.user]) }
        }

        /// By size, unknown first.
        var rows: [Row] {
            var jobs: [Int64: Int64] = [:]
            var told: [Int64: Set<Int64>] = [:]
            let sets = people.sets
            nodes.forEach { job, value in
                jobs[value, default: 0] += 1
                if leastUsers > 0 { told[value, default: []].formUnion(sets[people.set(of: job)]) }
            }
            // user 0 means "unknown"
            return jobs.filter { leastUsers == 0 || Int64(told[$0.key]?.subtracting([0]).count ?? 0) >= leastUsers }
                .sorted { $0.key < $1.key }
                .map { Row(nodes: $0.key == 1 ? nil : $0.key - 2, jobs: $0.value) }
        }
    }

    static let fields: [Field<Row>] = [
        .count("nodes", of: .nodes) { $0.nodes }, .count("jobs", of: .jobs) { $0.jobs },
    ]

    public var answer: Answer { Answer(rows, JobSizes.fields, measure: .jobs) }
}
