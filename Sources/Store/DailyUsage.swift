import Merge
import Record

/// What a batch adds to one row of the daily rollup.
struct DailyUsage {
    /// The row's key, in the order of `UsageTables.dailyKey`.
    struct Key: Hashable {
        var day: Int32
        var cluster: Int32
        var user: Int32
        var stack: Int32
        var environment: Int32
        var sizeClass: Int32
        var flags: Int32
    }

    let key: Key
    let processes: Int64

    /// One for each key, sorted.
    static func sums(of runs: [RunDelta], _ resolver: SymbolResolver) -> [DailyUsage] {
        var sums: [Key: Int64] = [:]
        sums.reserveCapacity(runs.count)
        for run in runs {
            let key = Key(
                day: run.key.day, cluster: Int32(truncatingIfNeeded: resolver.id(run.key.cluster, .cluster)),
                user: Int32(truncatingIfNeeded: resolver.id(run.key.user, .user)),
                stack: Int32(truncatingIfNeeded: resolver.id(run.key.stack, .stack)),
                environment: Int32(truncatingIfNeeded: resolver.id(run.environment, .environment)),
                sizeClass: run.sizeClass, flags: run.flags.rawValue)
            sums[key, default: 0] += run.processes
        }
        return sums.map { DailyUsage(key: $0.key, processes: $0.value) }.sorted { $0.key < $1.key }
    }

    func append<Row: RowWriter>(to row: inout Row) {
        row.integer(Int64(key.day))
        row.integer(Int64(key.cluster))
        row.integer(Int64(key.user))
        row.integer(Int64(key.stack))
        row.integer(Int64(key.environment))
        row.integer(Int64(key.sizeClass))
        row.integer(Int64(key.flags))
        row.integer(processes)
    }
}

extension DailyUsage.Key: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        if left.day != right.day { return left.day < right.day }
        if left.cluster != right.cluster { return left.cluster < right.cluster }
        if left.user != right.user { return left.user < right.user }
        if left.stack != right.stack { return left.stack < right.stack }
        if left.environment != right.environment { return left.environment < right.environment }
        if left.sizeClass != right.sizeClass { return left.sizeClass < right.sizeClass }
        return left.flags < right.flags
    }
}
