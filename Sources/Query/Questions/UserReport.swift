import JSON
import Record
import Store

/// The usage of one person.
public struct UserReport: Sendable, Equatable {
    public let username: String
    public let jobs: Int64
    public let processes: Int64
    /// By processes, most first.
    public let packages: [String]
    /// Prefixes of the interpreters' environments, by processes, most first.
    public let environments: [String]
    /// Of jobs whose runs were not pruned.
    public let lastJobs: LastJobs

    /// - Parameter limit: the most packages, environments and last jobs; nil for all packages and environments, and a
    ///   few jobs.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, username: String, limit: Int? = nil
    ) throws(StoreError) -> UserReport {
        // a question about a person by name includes staff
        var filter = filter
        filter.includesStaff = true
        filter.user = username
        let packages = try StackGroups.packages(connection, filter)
        var stacks: [Int64: Int64] = [:]
        var prefixes: [Int64: Int64] = [:]
        // the first and the last day of each
        var jobs: [Int64: ClosedRange<Int>] = [:]
        var total: Int64 = 0
        try UsageScan(connection, filter).days([.stack, .environment, .processes, .job]) { rows, kept in
            let (stack, environment) = (rows[.stack], rows[.environment])
            let (processes, job) = (rows[.processes], rows[.job])
            for row in kept {
                total &+= processes[row]
                stacks[stack[row], default: 0] &+= processes[row]
                prefixes[environment[row], default: 0] &+= processes[row]
                guard job[row] > 0 else { continue }
                let known = jobs[job[row]] ?? rows.day...rows.day
                jobs[job[row]] = min(known.lowerBound, rows.day)...max(known.upperBound, rows.day)
            }
        }
        var used: [ExactText: Int64] = [:]
        for (stack, processes) in stacks {
            for place in packages[stack] { used[packages.groups[place], default: 0] &+= processes }
        }
        return UserReport(
            username: username, jobs: Int64(jobs.count), processes: total,
            packages: mostUsed(used).limited(to: limit),
            environments: mostUsed(try named(connection, prefixes)).limited(to: limit),
            lastJobs: try LastJobs.ask(connection, filter, days: jobs, limit: limit ?? LastJobs.most))
    }

    private static func mostUsed(_ used: [ExactText: Int64]) -> [String] {
        used.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }.map { $0.key.string }
    }

    private static func named(
        _ connection: any SQLConnection, _ environments: [Int64: Int64]
    ) throws(StoreError) -> [ExactText: Int64] {
        if environments.isEmpty { return [:] }
        let numbers = environments.keys.map { String($0) }.joined(separator: ", ")
        var prefixes: [ExactText: Int64] = [:]
        for row in try connection.query("SELECT id, prefix FROM environments WHERE prefix <> '' AND id IN (\(numbers))")
        {
            prefixes[ExactText(row[1].text ?? ""), default: 0] &+= environments[row[0].integer ?? 0] ?? 0
        }
        return prefixes
    }
}

extension UserReport {
    /// All of it; its table is the list of packages.
    public var answer: Answer {
        Answer(
            [
                JSON.Member("username", .text(username)), JSON.Member("jobs", .integer(jobs)),
                JSON.Member("processes", .integer(processes)),
                JSON.Member("packages", .array(packages.map { .text($0) })),
                JSON.Member("environments", .array(environments.map { .text($0) })),
                JSON.Member("last_jobs", lastJobs.answer.json),
            ], table: packages, [.text("package") { $0 }])
    }
}
