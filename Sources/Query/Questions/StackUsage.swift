import Checksum
import Store

/// Whole sets of package versions that were used together. Direct and indirect imports of a package make the same set.
public struct StackUsage: Sendable, Equatable {
    public struct Package: Sendable, Equatable {
        public let name: String
        public let version: String?
    }

    public struct Row: Sendable, Equatable {
        /// The set's name, the same in every store: 16 hexadecimal digits.
        public let stack: String
        /// By name.
        public let packages: [Package]
        public let users: Int64
        public let jobs: Int64
    }

    public let rows: [Row]

    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, limit: Int? = nil
    ) throws(StoreError) -> StackUsage {
        // with its length, no name or version can be mistaken for another one, whatever characters it has
        let word = """
            length(name) || ':' || name || CASE WHEN version IS NULL THEN '-' ELSE length(version) || ':' || version END
            """
        let grouping = UsageGrouping(
            expressions: """
                sets AS (
                    SELECT stack, \(connection.dialect.joined(word, by: "", orderedBy: "name")) AS content
                    FROM (
                        SELECT sp.stack, p.name, sp.version FROM stack_packages sp JOIN packages p ON p.id = sp.package
                        WHERE true\(filter.packageCondition) ORDER BY sp.stack, p.name) named
                    GROUP BY stack)
                """,
            columns: ["s.content"], joins: "JOIN sets s ON s.stack = r.stack")
        let sets = try grouping.tallies(connection, filter).map { key, tally in
            let content = key[0].text ?? ""
            return (id: digest(content), content, tally)
        }
        let sorted = sets.sorted { left, right in
            if left.2.users != right.2.users { return left.2.users > right.2.users }
            return left.2.jobs == right.2.jobs ? byBytes(left.id, right.id) : left.2.jobs > right.2.jobs
        }
        return StackUsage(
            rows: sorted.limited(to: limit).map { id, content, tally in
                Row(stack: id, packages: packages(content), users: tally.users, jobs: tally.jobs)
            })
    }

    /// 32 hexadecimal digits: 128 bits of SHA-256, so that no one can make two sets with one name.
    private static func digest(_ content: String) -> String {
        SHA256.hash(Array(content.utf8)).prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func packages(_ content: String) -> [Package] {
        var rest = content.unicodeScalars[...]
        func text() -> String? {
            if rest.first == "-" {
                rest.removeFirst()
                return nil
            }
            let count = rest.prefix { $0 != ":" }
            rest = rest.dropFirst(count.count + 1)
            let text = rest.prefix(Int(String(count)) ?? 0)
            rest = rest.dropFirst(text.count)
            return String(text)
        }
        var packages: [Package] = []
        while !rest.isEmpty { packages.append(Package(name: text() ?? "", version: text())) }
        return packages
    }

    private static let fields: [Field<Row>] = [
        .text("stack") { $0.stack }, .mapping("packages") { $0.packages.map { ($0.name, $0.version) } },
        .count("users", of: .users) { $0.users }, .count("jobs", of: .jobs) { $0.jobs },
    ]

    public var answer: Answer { Answer(rows, StackUsage.fields) }
}
