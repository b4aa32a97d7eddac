import Record
import Store

/// Packages without use before a day.
public struct NewPackages: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let package: String
        /// Days since 1970-01-01 UTC.
        public let firstDay: Int64
        public let users: Int64
        public let jobs: Int64
    }

    /// The newest first.
    public let rows: [Row]

    /// The filter's first day separates new packages from earlier ones; without it all packages are new.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, limit: Int? = nil
    ) throws(StoreError) -> NewPackages {
        let packages = try StackGroups.packages(connection, filter)
        var old = BitSet()
        if let first = filter.firstDay {
            var before = filter
            before.firstDay = nil
            before.lastDay = first - 1
            try UsageScan(connection, before).days([.stack]) { rows, kept in
                let stack = rows[.stack]
                for row in kept { old.set(stack[row]) }
            }
        }
        var uses = UserStackSums()
        let jobs = JobSets()
        try UsageScan(connection, filter).days([.stack, .user, .processes, .job]) { rows, kept in
            let using = packages.places(kept, rows[.stack])
            uses.add(rows, using, key: rows[.stack])
            jobs.add(rows, using, key: rows[.stack])
        }
        let known = packages.groups(ofAny: old)
        var rows: [Row] = []
        for (name, tally) in packages.tallies(uses, jobs, leastUsers: filter.leastUsers) where !known.contains(name) {
            rows.append(Row(package: name.string, firstDay: tally.firstDay, users: tally.users, jobs: tally.jobs))
        }
        rows.sort { left, right in
            if left.firstDay != right.firstDay { return left.firstDay > right.firstDay }
            return left.users == right.users ? byBytes(left.package, right.package) : left.users > right.users
        }
        return NewPackages(rows: rows.limited(to: limit))
    }

    private static let fields: [Field<Row>] = [
        .text("package") { $0.package }, .day("first_seen") { $0.firstDay }, .count("users", of: .users) { $0.users },
        .count("jobs", of: .jobs) { $0.jobs },
    ]

    public var answer: Answer { Answer(rows, NewPackages.fields) }
}
