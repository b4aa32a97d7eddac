import Record
import Store

/// The versions of Python that run.
public struct InterpreterUsage: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        /// nil if no record has a version.
        public let python: String?
        public let implementation: String?
        public let users: Int64
        public let jobs: Int64
        public let processes: Int64
    }

    /// Most users first.
    public let rows: [Row]

    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, limit: Int? = nil
    ) throws(StoreError) -> InterpreterUsage {
        let grouping = UsageGrouping(
            key: .environment, columns: ["e.python", "e.implementation"],
            joins: "JOIN environments e ON e.id = r.environment")
        var rows = try grouping.tallies(connection, filter).map { key, tally in
            Row(
                python: key[0].name, implementation: key[1].name, users: tally.users, jobs: tally.jobs,
                processes: tally.processes)
        }
        rows.sort { left, right in
            if left.users != right.users { return left.users > right.users }
            if left.processes != right.processes { return left.processes > right.processes }
            return left.python.map { ExactText($0) } == right.python.map { ExactText($0) }
                ? byBytes(left.implementation ?? "", right.implementation ?? "")
                : byBytes(left.python ?? "", right.python ?? "")
        }
        return InterpreterUsage(rows: rows.limited(to: limit))
    }

    static let fields: [Field<Row>] = [
        .text("python") { $0.python }, .text("implementation") { $0.implementation },
        .count("users", of: .users) { $0.users }, .count("jobs", of: .jobs) { $0.jobs },
        .count("processes", of: .processes) { $0.processes },
    ]

    public var answer: Answer { Answer(rows, InterpreterUsage.fields) }
}
