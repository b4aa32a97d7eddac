/// The step from one version of the tables to the next.
public struct Migration: Sendable {
    public let version: Int
    private let text: String
    private let finish: @Sendable (any SQLConnection) throws(StoreError) -> Void

    /// - Parameters:
    ///   - text: SQL with the marks of `Schema`.
    ///   - finish: what SQL alone cannot do, after it.
    public init(
        version: Int, text: String,
        finish: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Void = { _ in }
    ) {
        self.version = version
        self.text = text
        self.finish = finish
    }

    /// Within a transaction.
    func apply(to connection: any SQLConnection) throws(StoreError) {
        var script = text
        for (mark, word) in connection.dialect.schemaWords { script = script.replacing(mark, with: word) }
        try connection.run(script: script)
        try finish(connection)
        try connection.query(
            "INSERT INTO schema_versions (version, applied) VALUES (?, \(connection.dialect.now))",
            [.integer(Int64(version))])
    }
}
