import Record
import Store

/// Which usage a question is about.
public struct UsageFilter: Sendable, Equatable {
    /// The first and the last day, counted from 1970-01-01 UTC, both included; nil without bound.
    public var firstDay: Int?
    public var lastDay: Int?
    public var system: String?
    public var account: String?
    /// Usage by the centre's own staff counts too.
    public var includesStaff = false

    public init() {}

    /// The condition on the runs called `r`, beginning with `AND` or empty, and its parameters.
    var condition: (sql: String, parameters: [SQLValue]) {
        var sql = ""
        var parameters: [SQLValue] = []
        if let firstDay {
            sql += " AND r.day >= ?"
            parameters.append(.integer(Int64(firstDay)))
        }
        if let lastDay {
            sql += " AND r.day <= ?"
            parameters.append(.integer(Int64(lastDay)))
        }
        if !includesStaff { sql += " AND (r.flags & 2) = 0" }
        if let system {
            sql += " AND r.environment IN (SELECT id FROM environments WHERE system = ?)"
            parameters.append(.text(system))
        }
        if let account {
            sql += " AND r.job IN (SELECT j.id FROM jobs j JOIN accounts a ON a.id = j.account WHERE a.name = ?)"
            parameters.append(.text(account))
        }
        return (sql, parameters)
    }
}
