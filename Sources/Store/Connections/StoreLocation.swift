/// The store's location, as `--store` and the configuration name it.
///
/// `sqlite:///ABSOLUTE/PATH` (or `sqlite://RELATIVE/PATH`), or a PostgreSQL connection string: `postgres://…`,
/// `postgresql://…`, or libpq's `key=value` words (PostgreSQL manual, section 34.1.1).
public struct StoreLocation: Sendable, Equatable {
    public let database: Database
    /// The address for opening connections: a file's path, a URL, or words.
    public let address: String

    public init(database: Database, address: String) {
        self.database = database
        self.address = address
    }

    /// - Throws: `StoreError.badLocation` with a valid form.
    public init(_ text: String) throws(StoreError) {
        for database in Database.allCases {
            guard let address = try database.dialect.address(in: text) else { continue }
            self.init(database: database, address: address)
            return
        }
        let forms = Database.allCases.map { $0.dialect.locationForm }.joined(separator: ", or ")
        throw .badLocation("'\(Redaction.redacted(text))' is no store; write \(forms)")
    }

    /// Checks that it can be understood as a whole; nothing is connected.
    ///
    /// - Throws: `StoreError.badLocation`.
    public func checkForm() throws(StoreError) { try database.dialect.check(address: address) }

    /// The location without any password in it, for logs and errors.
    public var description: String { database.dialect.description(of: address) }

    /// The path of the database's file; nil where a server holds the data.
    public var file: String? { database.dialect.file(at: address) }

    /// The database's own program, to ask in SQL: see `SQLDialect.shell`.
    public func shell(
        connection: any SQLConnection, statement: String?, arguments: [String]
    ) throws(StoreError) -> SQLShell {
        try database.dialect.shell(
            at: address, connection: connection, statement: statement, arguments: arguments)
    }
}
