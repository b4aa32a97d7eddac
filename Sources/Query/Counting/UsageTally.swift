import Store

/// The users, processes and jobs of a group of usage.
struct UsageTally: Sendable, Equatable {
    var users: Int64 = 0
    /// Users of runs that were not pruned: for pruned usage, the jobs are unknown.
    var usersOfRuns: Int64 = 0
    var processes: Int64 = 0
    var jobs: Int64 = 0
    /// Days since 1970-01-01 UTC.
    var firstDay: Int64 = .max
    var lastDay: Int64 = 0
}

extension UsageTally {
    /// Whether each of the counts comes from at least this many users.
    func tells(ofAtLeast least: Int64) -> Bool { users >= least && (jobs == 0 || usersOfRuns >= least) }

    /// Adds one user's part.
    mutating func add(_ use: UserStackSums.Entry) {
        // user 0 means "unknown" and is not counted
        if use.user != 0 {
            users += 1
            if use.hasRuns { usersOfRuns += 1 }
        }
        processes &+= use.processes
        firstDay = min(firstDay, Int64(use.firstDay))
        lastDay = max(lastDay, Int64(use.lastDay))
    }
}
