import Merge
import Record

extension StoredNames {
    /// The names of each kind that are read, the newest ones. It is as many as a vocabulary holds.
    private static let most: Int64 = 500_000
    /// The rows that are in memory at once.
    private static let atOnce = 10_000

    /// Reads the names that a store has.
    init(of connection: any SQLConnection) throws(StoreError) {
        self.init(key: try Fingerprints.key(of: connection))
        for (dimension, table) in SymbolResolver.nameTables {
            try StoredNames.read("name", of: table, on: connection) { add($0.text ?? "", dimension) }
        }
        for (dimension, table) in [(Dimension.environment, "environments"), (.stack, "stacks")] {
            try StoredNames.read("fingerprint", of: table, on: connection) { value in
                let bytes = value.bytes ?? []
                if bytes.count == 16 { add(fingerprint: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }, dimension) }
            }
        }
        sort()
    }

    private static func read(
        _ column: String, of table: String, on connection: any SQLConnection, _ take: (SQLValue) -> Void
    ) throws(StoreError) {
        let newest = try connection.query("SELECT max(id) FROM \(table)").first?[0].integer ?? 0
        // row 0 is no name
        var last = max(0, newest - most)
        while true {
            let rows = try connection.query(
                "SELECT id, \(column) FROM \(table) WHERE id > \(last) ORDER BY id LIMIT \(atOnce)")
            for row in rows { take(row[1]) }
            guard let end = rows.last?[0].integer else { return }
            last = end
        }
    }
}
