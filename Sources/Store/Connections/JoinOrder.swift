extension Dialect {
    /// The word for joining a table of which a row is looked up by its key for each row so far.
    ///
    /// Without statistics SQLite's planner may put dictionaries first and nest full scans of them: one job took 36 minutes. Its
    /// `CROSS JOIN` keeps the order in which the tables are written. PostgreSQL has statistics, and knows no other order.
    public var lookUp: String { self == .sqlite ? "CROSS JOIN" : "JOIN" }
}
