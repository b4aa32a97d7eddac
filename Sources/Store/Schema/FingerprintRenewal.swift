import Checksum
import Merge
import Record

/// Makes a store's key, and with it the fingerprints of the environments and stacks that the store has.
///
/// Runs keep their keys. So a run that goes on while its store is brought up to date gets a second row, with its later
/// processes.
enum FingerprintRenewal {
    /// The number of rows, or of stacks, that are in memory at once.
    private static let atOnce = 2_000

    static func run(on connection: any SQLConnection) throws(StoreError) {
        let key = SipHash.Key.random()
        try connection.query(
            "INSERT INTO store_keys (name, value) VALUES (?, ?)", [.text(Fingerprints.keyName), .bytes(key.bytes)])
        let fingerprints = Fingerprints(key: key)
        try renewEnvironments(fingerprints, connection)
        try renewStacks(fingerprints, connection)
    }

    /// Environments without a name in their path keep their random fingerprints.
    private static func renewEnvironments(
        _ fingerprints: Fingerprints, _ connection: any SQLConnection
    ) throws(StoreError) {
        var last: Int64 = -1
        while true {
            let rows = try connection.query(
                """
                SELECT id, prefix, python, implementation, container, system, subsystem FROM environments
                WHERE id > \(last) AND kind IS NULL ORDER BY id LIMIT \(atOnce)
                """)
            for row in rows {
                var text = CompoundKey()
                text.append(row.dropFirst().map { $0.text ?? "" })
                try set(fingerprints, of: text, in: "environments", row[0].integer ?? 0, connection)
            }
            guard let end = rows.last?[0].integer else { return }
            last = end
        }
    }

    private static func renewStacks(
        _ fingerprints: Fingerprints, _ connection: any SQLConnection
    ) throws(StoreError) {
        guard let end = try connection.query("SELECT max(id) FROM stacks").first?[0].integer else { return }
        for start in stride(from: 0, through: end, by: atOnce) {
            let range = "id > \(start - 1) AND id <= \(start + Int64(atOnce) - 1)"
            let ids = try connection.query("SELECT id FROM stacks WHERE \(range)").compactMap { $0[0].integer }
            let packages = try connection.query(
                """
                SELECT sp.stack, p.name, sp.version, sp.direct
                FROM stack_packages sp \(connection.dialect.lookUp) packages p ON p.id = sp.package
                WHERE \(range.replacing("id", with: "sp.stack")) ORDER BY sp.stack, p.name
                """)
            var texts: [Int64: CompoundKey] = [:]
            for row in packages {
                texts[row[0].integer ?? 0, default: CompoundKey()].append(
                    Stack.Package(
                        name: row[1].text ?? "", version: row[2].text, direct: row[3].integer.map { $0 == 1 }))
            }
            for id in ids { try set(fingerprints, of: texts[id] ?? CompoundKey(), in: "stacks", id, connection) }
        }
    }

    /// Rows of the same content, which version 1 could make by cutting long names, get the next fingerprints.
    private static func set(
        _ fingerprints: Fingerprints, of text: CompoundKey, in table: String, _ id: Int64,
        _ connection: any SQLConnection
    ) throws(StoreError) {
        let dialect = connection.dialect
        for attempt in 0..<Fingerprints.attempts {
            let value = text.bytes.withUnsafeBytes { fingerprints.of($0, attempt: attempt) }
            let bytes = dialect.keyValue(RecordID(high: value.high, low: value.low).bytes)
            let taken = try connection.query(
                "SELECT 1 FROM \(table) WHERE fingerprint = \(dialect.keyParameter)", [bytes])
            guard taken.isEmpty else { continue }
            try connection.query(
                "UPDATE \(table) SET fingerprint = \(dialect.keyParameter) WHERE id = ?", [bytes, .integer(id)])
            return
        }
        try connection.query(
            "UPDATE \(table) SET fingerprint = \(dialect.randomKey) WHERE id = ?", [.integer(id)])
    }
}
