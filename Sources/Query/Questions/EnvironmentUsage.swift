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

    /// What makes environments one row.
    private struct Place: Hashable {
        let prefix: ExactText
        let isInContainer: Bool
        /// The kind that the prefix had before it lost a name.
        let kept: String?
    }

    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, kinds: EnvironmentKinds = EnvironmentKinds(),
        limit: Int? = nil
    ) throws(StoreError) -> EnvironmentUsage {
        let grouping = UsageGrouping(
            key: .environment, columns: ["e.prefix", "CASE WHEN e.container <> '' THEN 1 ELSE 0 END", "e.kind"],
            joins: "JOIN environments e ON e.id = r.environment")
        let places = try grouping.stackGroups(connection) { values in
            Place(
                prefix: ExactText(values[1].text ?? ""), isInContainer: values[2].integer == 1,
                kept: values[3].text)
        }
        let names = filter.leastUsers > 0 ? try userNames(connection) : []
        var rows = try places.tallies(connection, filter, by: .environment).compactMap { place, tally -> Row? in
            let prefix = place.prefix.string
            if isNamed(prefix, names) { return nil }
            return Row(
                kind: kinds.kind(prefix: prefix, isInContainer: place.isInContainer, kept: place.kept),
                prefix: prefix.isEmpty ? nil : prefix, users: tally.users, jobs: tally.jobs)
        }
        rows.sort { left, right in
            if left.users != right.users { return left.users > right.users }
            if left.jobs != right.jobs { return left.jobs > right.jobs }
            let (one, other) = (ExactText(left.prefix ?? ""), ExactText(right.prefix ?? ""))
            return one == other ? byBytes(left.kind.rawValue, right.kind.rawValue) : one < other
        }
        return EnvironmentUsage(rows: rows.limited(to: limit))
    }

    /// Users, jobs, processes and node hours of each kind, most users first; not for publication.
    public static func byKind(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ kinds: EnvironmentKinds
    ) throws(StoreError) -> Answer {
        KindUsage(try EnvironmentTotals(connection, filter), kinds).answer
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
