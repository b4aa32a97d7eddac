import Checksum
import Record
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
        let sets = try contents(connection, filter).tallies(connection, filter, by: .stack)
        let names = try packageNames(connection)
        // most sets have few users, and names decide between equal ones
        let found = possible(sets, among: limit).map { content, tally in
            let packages = packages(content.string, names)
            return Row(stack: digest(packages), packages: packages, users: tally.users, jobs: tally.jobs)
        }
        let sorted = found.sorted { left, right in
            if left.users != right.users { return left.users > right.users }
            return left.jobs == right.jobs ? byBytes(left.stack, right.stack) : left.jobs > right.jobs
        }
        return StackUsage(rows: sorted.limited(to: limit))
    }

    /// The content of each stack, as a text: each package's number, and the version after its length. So no version can
    /// be mistaken for another one, whatever characters it has.
    private static func contents(
        _ connection: any SQLConnection, _ filter: UsageFilter
    ) throws(StoreError) -> StackGroups<ExactText> {
        let word = "package || CASE WHEN version IS NULL THEN '-' ELSE ':' || length(version) || ':' || version END"
        var groups = StackGroups<ExactText>()
        // in the order of the key, for which nothing is sorted
        for row in try connection.query(
            """
            SELECT stack, \(connection.dialect.joined(word)) FROM (
                SELECT sp.stack, sp.package, sp.version FROM stack_packages sp WHERE true\(filter.packageCondition)
                ORDER BY sp.stack, sp.package) used
            GROUP BY stack
            """)
        { groups.add(row[0].integer ?? 0, to: ExactText(row[1].text ?? "")) }
        return groups
    }

    private static func packageNames(_ connection: any SQLConnection) throws(StoreError) -> [Int64: ExactText] {
        var names: [Int64: ExactText] = [:]
        for row in try connection.query("SELECT id, name FROM packages") {
            names[row[0].integer ?? 0] = ExactText(row[1].text ?? "")
        }
        return names
    }

    /// The sets that may be among the first ones.
    private static func possible(
        _ sets: [(group: ExactText, tally: UsageTally)], among limit: Int?
    ) -> [(group: ExactText, tally: UsageTally)] {
        guard let limit, limit > 0, limit < sets.count else { return limit == 0 ? [] : sets }
        let counts = sets.map { ($0.tally.users, $0.tally.jobs) }.sorted { $0 > $1 }
        return sets.filter { ($0.tally.users, $0.tally.jobs) >= counts[limit - 1] }
    }

    /// The packages of a content, by name.
    private static func packages(_ content: String, _ names: [Int64: ExactText]) -> [Package] {
        var rest = content.unicodeScalars[...]
        func number() -> Int64 {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            return Int64(String(digits)) ?? 0
        }
        var packages: [(name: ExactText, version: String?)] = []
        while !rest.isEmpty {
            let name = names[number()] ?? ExactText("")
            if rest.removeFirst() == "-" {
                packages.append((name, nil))
                continue
            }
            let length = Int(number())
            packages.append((name, String(rest.dropFirst().prefix(length))))
            rest = rest.dropFirst(length + 1)
        }
        return packages.sorted { $0.name < $1.name }.map { Package(name: $0.name.string, version: $0.version) }
    }

    /// 32 hexadecimal digits: 128 bits of SHA-256, so that no one can make two sets with one name.
    private static func digest(_ packages: [Package]) -> String {
        // with its length, no name or version can be mistaken for another one
        func counted(_ text: String) -> String { "\(text.unicodeScalars.count):\(text)" }
        let content = packages.map { counted($0.name) + ($0.version.map(counted) ?? "-") }.joined()
        return Array(SHA256.hash(Array(content.utf8)).prefix(16)).hexadecimal
    }

    private static let fields: [Field<Row>] = [
        .text("stack") { $0.stack }, .mapping("packages") { $0.packages.map { ($0.name, $0.version) } },
        .count("users", of: .users) { $0.users }, .count("jobs", of: .jobs) { $0.jobs },
    ]

    public var answer: Answer { Answer(rows, StackUsage.fields) }
}
