import Store

/// How the processes end that used a package.
public struct ProcessEnds: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let package: String
        public let processes: Int64
        public let exits: Int64
        public let exceptions: Int64
        public let signals: Int64
        public let killed: Int64
    }

    /// Most processes first.
    public let rows: [Row]

    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String? = nil, limit: Int? = nil
    ) throws(StoreError) -> ProcessEnds {
        var grouping = UsageGrouping(
            columns: ["p.name"], joins: UsageGrouping.packages, condition: filter.packageCondition)
        if let package { grouping = UsageGrouping.use(of: package, filter, by: ["p.name"]) }
        let packages = try grouping.members(connection)
        var ends: [Int64: [Int64]] = [:]
        var uses = UseSums()
        let columns: [DayRows.Column] = [.processes, .exceptions, .signals, .killed]
        try UsageScan(connection, filter).days(Set(columns + [.stack, .user])) { rows, kept in
            let values = columns.map { rows[$0] }
            let (flags, stacks, users) = (rows[.flags], rows[.stack], rows[.user])
            for row in kept where packages.has(stacks[row]) {
                // daily sums know users, too, and not how processes ended
                if filter.leastUsers > 0 {
                    uses.add(user: users[row], key: stacks[row], processes: values[0][row], day: rows.day)
                }
                if flags[row] & DayRows.isRemainder != 0 { continue }
                for place in columns.indices {
                    ends[stacks[row], default: [0, 0, 0, 0]][place] &+= values[place][row]
                }
            }
        }
        let told =
            filter.leastUsers > 0 ? packages.tallies(uses, JobSets(), leastUsers: filter.leastUsers) : nil
        var sums = [[Int64]](repeating: [0, 0, 0, 0], count: packages.groups.count)
        for (stack, counts) in ends {
            for place in packages[stack] { for index in counts.indices { sums[place][index] &+= counts[index] } }
        }
        var rows: [Row] = []
        for (group, counts) in zip(packages.groups, sums) where counts[0] > 0 && (told.map { $0[group] != nil } ?? true)
        {
            rows.append(
                Row(
                    package: group[0].text ?? "", processes: counts[0],
                    exits: counts[0] - counts[1] - counts[2] - counts[3], exceptions: counts[1], signals: counts[2],
                    killed: counts[3]))
        }
        rows.sort { $0.processes == $1.processes ? byBytes($0.package, $1.package) : $0.processes > $1.processes }
        return ProcessEnds(rows: rows.limited(to: limit))
    }

    public var json: JSON {
        .array(
            rows.map {
                .object([
                    "package": .text($0.package), "processes": .integer($0.processes), "exit": .integer($0.exits),
                    "exception": .integer($0.exceptions), "signal": .integer($0.signals),
                    "killed": .integer($0.killed),
                ])
            })
    }
}
