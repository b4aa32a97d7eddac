import Store

/// Names that a question may be about, as they occur in usage.
public enum KnownNames {
    public static func systems(_ connection: any SQLConnection) throws(StoreError) -> [String] {
        try names(
            connection,
            """
            SELECT system FROM environments WHERE system <> '' UNION SELECT system FROM pruned_jobs WHERE system <> ''
            """)
    }

    public static func accounts(_ connection: any SQLConnection) throws(StoreError) -> [String] {
        try names(connection, "SELECT name FROM accounts WHERE id <> 0")
    }

    public static func clusters(_ connection: any SQLConnection) throws(StoreError) -> [String] {
        try names(connection, "SELECT name FROM clusters WHERE id <> 0")
    }

    /// The names of users, pseudonyms included.
    public static func users(_ connection: any SQLConnection) throws(StoreError) -> [String] {
        try names(
            connection,
            """
            SELECT name FROM users WHERE id <> 0 UNION SELECT pseudonym FROM users WHERE pseudonym IS NOT NULL
            """)
    }

    private static func names(_ connection: any SQLConnection, _ sql: String) throws(StoreError) -> [String] {
        try connection.query(sql).compactMap { $0[0].text }
    }
}
