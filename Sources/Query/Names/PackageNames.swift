import Store

public enum PackageNames {
    /// The names of all packages that were ever stored, in the order of their bytes.
    public static func all(_ connection: any SQLConnection) throws(StoreError) -> [String] {
        try connection.query("SELECT name FROM packages WHERE id <> 0 ORDER BY name").compactMap { $0[0].text }
    }
}
