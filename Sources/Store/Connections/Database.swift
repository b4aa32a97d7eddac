/// The databases that can hold the store.
///
/// A further one is a case here and a folder beside `Postgres` and `SQLite`: nothing else tells them apart.
public enum Database: Sendable, CaseIterable {
    case sqlite, postgres

    public var dialect: any SQLDialect {
        switch self {
        case .sqlite: SQLiteDialect()
        case .postgres: PostgresDialect()
        }
    }
}
