import Store

/// Users, processes and jobs of whatever a question groups usage by.
struct UsageTally: Sendable, Equatable {
    var users: Int64 = 0
    /// Those of runs that have not been pruned: of others nobody knows the jobs.
    var usersOfRuns: Int64 = 0
    var processes: Int64 = 0
    var jobs: Int64 = 0
    /// Days since 1970-01-01 UTC.
    var firstDay: Int64 = .max
    var lastDay: Int64 = 0
}

extension UsageTally {
    /// Whether each of the numbers is of so many users at least.
    func tells(ofAtLeast least: Int64) -> Bool { users >= least && (jobs == 0 || usersOfRuns >= least) }

    /// Adds a user's part.
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
