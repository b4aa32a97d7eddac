import Record

extension CanaryKey {
    /// The name of its row in `store_keys`.
    private static let rowName = "canary"

    /// The store's key, which is made at the first call. Roles that only read cannot see it.
    init(of connection: any SQLConnection) throws(StoreError) {
        if let known = try CanaryKey.find(on: connection) {
            self = known
            return
        }
        try connection.query(
            "INSERT INTO store_keys (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            [.text(CanaryKey.rowName), .bytes(CanaryKey.random().bytes)])
        // another process may have been faster
        guard let made = try CanaryKey.find(on: connection) else {
            throw .schema("the row '\(CanaryKey.rowName)' of the table store_keys is no key; delete it")
        }
        self = made
    }

    private static func find(on connection: any SQLConnection) throws(StoreError) -> CanaryKey? {
        try connection.query("SELECT value FROM store_keys WHERE name = ?", [.text(rowName)])
            .first?[0].bytes.flatMap { CanaryKey($0) }
    }
}
