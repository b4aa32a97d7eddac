import Record
import Store

/// The environments that Python runs from: the prefixes of interpreters and their kinds.
public struct EnvironmentUsage: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let kind: EnvironmentKinds.Kind
        /// nil if no record has a prefix.
        public let prefix: String?
        public let users: Int64
        public let jobs: Int64
    }

    public let rows: [Row]

    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, kinds: EnvironmentKinds = EnvironmentKinds(),
        limit: Int? = nil
    ) throws(StoreError) -> EnvironmentUsage {
        let grouping = UsageGrouping(
            key: .environment, columns: ["e.prefix", "CASE WHEN e.container <> '' THEN 1 ELSE 0 END", "e.kind"],
            joins: "JOIN environments e ON e.id = r.environment")
        let tallies = try grouping.tallies(connection, filter)
        let names = filter.leastUsers > 0 ? try userNames(connection) : []
        var rows = tallies.filter { !isNamed($0.key[0].text ?? "", names) }.map { key, tally in
            let prefix = key[0].text ?? ""
            return Row(
                kind: kinds.kind(prefix: prefix, isInContainer: key[1].integer == 1, kept: key[2].text),
                prefix: prefix.isEmpty ? nil : prefix, users: tally.users, jobs: tally.jobs)
        }
        rows.sort { left, right in
            if left.users != right.users { return left.users > right.users }
            if left.jobs != right.jobs { return left.jobs > right.jobs }
            return left.prefix.map { ExactText($0) } == right.prefix.map { ExactText($0) }
                ? byBytes(left.kind.rawValue, right.kind.rawValue) : byBytes(left.prefix ?? "", right.prefix ?? "")
        }
        return EnvironmentUsage(rows: rows.limited(to: limit))
    }

    private static func userNames(_ connection: any SQLConnection) throws(StoreError) -> Set<ExactText> {
        let rows = try connection.query("SELECT name, pseudonym FROM users WHERE id <> 0")
        return Set(rows.flatMap { $0.compactMap { $0.text.map { ExactText($0) } } })
    }

    /// Whether a prefix contains a user's name: a home directory has its owner's name, however many people use it.
    private static func isNamed(_ prefix: String, _ names: Set<ExactText>) -> Bool {
        !names.isEmpty && ExactText(prefix).split(by: "/").contains { names.contains($0) }
    }

    private static let fields: [Field<Row>] = [
        .text("kind") { $0.kind.rawValue }, .text("prefix") { $0.prefix }, .count("users", of: .users) { $0.users },
        .count("jobs", of: .jobs) { $0.jobs },
    ]

    public var answer: Answer { Answer(rows, EnvironmentUsage.fields) }
}
