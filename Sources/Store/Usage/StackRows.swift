import Checksum
import Merge
import Record

/// Finds or makes the rows of stacks.
///
/// Packages are written for a stack that is new, and never added to one that is there.
struct StackRows {
    private let symbols: [Int32]
    private let vocabulary: Vocabulary
    private let fingerprints: Fingerprints
    private let stacks: [Stack]
    /// The number of stacks whose packages are read at once.
    private static let atOnce = 500

    init(_ symbols: [Int32], _ vocabulary: Vocabulary, _ fingerprints: Fingerprints) {
        self.symbols = symbols
        self.vocabulary = vocabulary
        self.fingerprints = fingerprints
        stacks = symbols.map { symbol in vocabulary.withBytes(of: symbol, .stack) { Stack(key: $0) } }
    }

    func resolve(on connection: some SQLConnection) throws(StoreError) -> FoundRows {
        try FoundRows.find(symbols.count, "stacks", on: connection) { places, attempt throws(StoreError) in
            try rows(of: places, attempt: attempt, on: connection)
        }
    }

    /// The ids of the stacks at some places, without those whose fingerprint is another one's.
    private func rows(
        of places: [Int], attempt: Int, on connection: some SQLConnection
    ) throws(StoreError) -> [(place: Int, id: Int64)] {
        let dimension = Dimension.stack.rawValue
        if attempt > 0 { try connection.query("DELETE FROM staged_keys WHERE dimension = \(dimension)") }
        try connection.stage(Staged.keys, count: places.count) { index, row in
            row.integer(Int64(dimension))
            row.integer(Int64(places[index]))
            vocabulary.withBytes(of: symbols[places[index]], .stack) {
                row.fingerprint(fingerprints.of($0, attempt: attempt))
            }
            for _ in 0..<6 { row.null() }
        }
        let made = try connection.query(
            """
            INSERT INTO stacks (fingerprint) SELECT fingerprint FROM staged_keys s
            WHERE s.dimension = \(dimension)
            AND NOT EXISTS (SELECT 1 FROM stacks t WHERE t.fingerprint = s.fingerprint)
            ORDER BY fingerprint ON CONFLICT (fingerprint) DO NOTHING RETURNING id
            """)
        let found = try connection.query(
            """
            SELECT s.ordinal, t.id FROM staged_keys s JOIN stacks t ON t.fingerprint = s.fingerprint
            WHERE s.dimension = \(dimension) ORDER BY s.ordinal
            """
        ).compactMap { row -> (place: Int, id: Int64)? in
            guard let place = row[0].integer, let id = row[1].integer else { return nil }
            return (Int(place), id)
        }
        var isNew = Set(made.compactMap { $0[0].integer })
        var new: [(place: Int, id: Int64)] = []
        var known: [(place: Int, id: Int64)] = []
        for row in found {
            // the packages of a new stack are those of the first that has its fingerprint
            if isNew.remove(row.id) != nil { new.append(row) } else { known.append(row) }
        }
        try write(new, on: connection)
        return new + (try same(known, on: connection))
    }

    private func write(_ new: [(place: Int, id: Int64)], on connection: some SQLConnection) throws(StoreError) {
        let packages = new.flatMap { row in stacks[row.place].packages.map { (row.id, $0) } }
        if packages.isEmpty { return }
        try connection.query("DELETE FROM staged_stack_packages")
        try connection.stage(Staged.stackPackages, count: packages.count) { index, row in
            let (stack, package) = packages[index]
            row.integer(stack)
            row.text(clipped(package.name))
            row.text(package.version.map { clipped($0) })
            row.integer(package.direct.map { $0 ? 1 : 0 })
        }
        try connection.query(
            """
            INSERT INTO packages (name) SELECT DISTINCT name FROM staged_stack_packages s
            WHERE NOT EXISTS (SELECT 1 FROM packages t WHERE t.name = s.name) ORDER BY name
            ON CONFLICT (name) DO NOTHING
            """)
        // two names can be one after they were cut
        try connection.query(
            """
            INSERT INTO stack_packages (stack, package, version, direct)
            SELECT s.stack, p.id, s.version, s.direct FROM staged_stack_packages s
            JOIN packages p ON p.name = s.name
            WHERE true ORDER BY 1, 2 ON CONFLICT (stack, package) DO NOTHING
            """)
    }

    /// Those of the rows that hold exactly the packages of the stack that was looked for.
    private func same(
        _ rows: [(place: Int, id: Int64)], on connection: some SQLConnection
    ) throws(StoreError) -> [(place: Int, id: Int64)] {
        var same: [(place: Int, id: Int64)] = []
        for start in stride(from: 0, to: rows.count, by: StackRows.atOnce) {
            let some = rows[start..<min(start + StackRows.atOnce, rows.count)]
            let packages = try packages(of: Set(some.map { $0.id }), on: connection)
            same += some.filter { stacks[$0.place].isStored(as: packages[$0.id] ?? []) }
        }
        return same
    }

    private func packages(
        of stacks: Set<Int64>, on connection: some SQLConnection
    ) throws(StoreError) -> [Int64: [Stack.Package]] {
        var packages: [Int64: [Stack.Package]] = [:]
        let rows = try connection.query(
            """
            SELECT sp.stack, p.name, sp.version, sp.direct
            FROM stack_packages sp \(connection.dialect.lookUp) packages p ON p.id = sp.package
            WHERE sp.stack IN (\(stacks.map { "\($0)" }.joined(separator: ", ")))
            """)
        for row in rows {
            guard let stack = row[0].integer, let name = row[1].text else { continue }
            packages[stack, default: []].append(
                Stack.Package(name: name, version: row[2].text, direct: row[3].integer.map { $0 == 1 }))
        }
        return packages
    }
}

extension Stack {
    /// Whether these rows are what a store keeps of the stack.
    fileprivate func isStored(as rows: [Package]) -> Bool {
        var wanted: [ExactText: [Package]] = [:]
        for package in packages { wanted[ExactText(clipped(package.name)), default: []].append(package) }
        guard rows.count == wanted.count else { return false }
        return rows.allSatisfy { row in
            wanted[ExactText(row.name)]?.contains { package in
                let version = package.version.map { ExactText(clipped($0)) }
                return version == row.version.map { ExactText($0) } && package.direct == row.direct
            } ?? false
        }
    }
}
