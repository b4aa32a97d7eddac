import Store

/// Names that a question may be about, as they occur in usage.
public enum KnownNames {
    /// All names of a kind in the store; those of users include pseudonyms.
    public static func all(_ kind: UnknownName.Kind, _ connection: any SQLConnection) throws(StoreError) -> [String] {
        guard let sql = sql(kind) else { return [] }
        return try connection.query(sql).compactMap { $0[0].text }
    }

    /// nil if the name occurs.
    public static func check(
        _ name: String, _ kind: UnknownName.Kind, _ connection: any SQLConnection
    ) throws(StoreError) -> UnknownName? {
        try UnknownName.check(name, kind, among: try all(kind, connection), connection)
    }

    /// nil if the names are in the site's file.
    private static func sql(_ kind: UnknownName.Kind) -> String? {
        switch kind {
        case .system:
            """
            SELECT system FROM environments WHERE system <> '' UNION SELECT system FROM pruned_jobs WHERE system <> ''
            """
        case .subsystem: "SELECT DISTINCT subsystem FROM environments WHERE subsystem <> ''"
        case .environment: "SELECT DISTINCT prefix FROM environments WHERE prefix <> ''"
        case .account: "SELECT name FROM accounts WHERE id <> 0"
        case .partition: "SELECT name FROM partitions WHERE id <> 0"
        case .qos: "SELECT name FROM qoses WHERE id <> 0"
        case .cluster: "SELECT name FROM clusters WHERE id <> 0"
        case .user:
            """
            SELECT name FROM users WHERE id <> 0 UNION SELECT pseudonym FROM users WHERE pseudonym IS NOT NULL
            """
        case .project, .pi, .field, .department: nil
        case .package: "SELECT name FROM packages WHERE id <> 0 ORDER BY name"
        }
    }
}
