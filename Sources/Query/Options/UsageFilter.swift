import Record
import Store

/// The conditions on the usage that a question is about.
public struct UsageFilter: Sendable, Equatable {
    /// The kind of node that processes ran on.
    public enum Place: Sendable, Equatable {
        case compute
        /// All other nodes: login nodes, notebooks, services.
        case login
    }

    /// The first and the last day, counted from 1970-01-01 UTC, both included; nil for no limit.
    public var firstDay: Int?
    public var lastDay: Int?
    public var system: String?
    public var subsystem: String?
    public var account: String?
    /// Names of the job's partition and quality of service.
    public var partition: String?
    public var qos: String?
    /// What the account of a job must belong to, by `mapping`.
    public var charged: [AccountProperty: String] = [:]
    /// The site's file on accounts; nil if no part of the question needs it.
    public var mapping: AccountMapping?
    /// Whether the batch system gave the job GPUs. A job that it has told nothing about counts for neither; nil is for
    /// all usage.
    public var hasGPUs: Bool?
    /// The name of a person on the days when it was theirs, or their pseudonym on the days before.
    public var user: String?
    /// The versions of Python that count.
    public var python: VersionSpecifiers?
    /// The prefixes of the environments that count.
    public var prefix: WildcardPattern?
    /// nil for all kinds of nodes.
    public var place: Place?
    /// Whether usage by the centre's own staff counts too.
    public var includesStaff = false
    /// Whether only packages that the user's own code imported count.
    public var onlyDirect = false

    /// Whether only usage counts for whose user the kernel or a relay vouches.
    public var onlyVouched = false

    /// The smallest number of users of a row in the answer, so that the answer may be published (`Publication`).
    public var leastUsers: Int64 = 0

    /// The smallest group of people in figures that centres publish.
    public static let publicUsers: Int64 = 5

    public init() {}

    /// The condition on the runs called `r`, beginning with `AND` or empty, and its parameters.
    func condition(on connection: any SQLConnection) throws(StoreError) -> (sql: String, parameters: [SQLValue]) {
        let dialect = connection.dialect
        var sql = flagCondition
        var parameters: [SQLValue] = []
        // runs are kept in the order of their keys, which begin with the day
        if let firstDay { sql += " AND r.run >= \(dialect.runKey(beginning: firstDay))" }
        if let lastDay, lastDay < Int(UInt16.max) { sql += " AND r.run < \(dialect.runKey(beginning: lastDay + 1))" }
        if let environments = try environments(connection) {
            let numbers = environments.map { String($0) }.joined(separator: ", ")
            sql += numbers.isEmpty ? " AND false" : " AND r.environment IN (\(numbers))"
        }
        if let user { sql += " AND \(try People(connection).condition(user))" }
        for (column, dictionary, name) in jobNames {
            sql += " AND r.job IN (SELECT j.id FROM jobs j JOIN \(dictionary) d ON d.id = j.\(column) WHERE d.name = ?)"
            parameters.append(.text(name))
        }
        if !charged.isEmpty {
            let accounts = try accountCondition(connection, on: "account")
            sql += " AND r.job IN (SELECT id FROM jobs WHERE true\(accounts))"
        }
        if let hasGPUs { sql += " AND r.job IN (SELECT id FROM jobs WHERE gpus \(hasGPUs ? "> 0" : "= 0"))" }
        return (sql, parameters)
    }

    /// The condition on a stack's packages called `sp`, beginning with `AND` or empty.
    var packageCondition: String { onlyDirect ? " AND sp.direct = 1" : "" }

    /// The condition on rows of `pruned_jobs` called `r` with their months called `m`, beginning with `AND` or empty.
    func prunedCondition(
        on connection: any SQLConnection
    ) throws(StoreError) -> (sql: String, parameters: [SQLValue]) {
        // rows with this flag count those of the others' jobs that have vouched usage
        var sql = flagCondition + (onlyVouched ? "" : " AND (r.flags & 4) = 0")
        if !isOfPrunedJobs { sql += " AND false" }
        var parameters: [SQLValue] = []
        if let firstDay {
            sql += " AND m.next_day > ?"
            parameters.append(.integer(Int64(firstDay)))
        }
        if let lastDay {
            sql += " AND m.first_day <= ?"
            parameters.append(.integer(Int64(lastDay)))
        }
        if let system {
            sql += " AND r.system = ?"
            parameters.append(.text(system))
        }
        if let account {
            sql += " AND r.account IN (SELECT id FROM accounts WHERE name = ?)"
            parameters.append(.text(account))
        }
        return (sql + (try accountCondition(connection, on: "r.account")), parameters)
    }

    /// Conditions on names of a job: the column of `jobs` and of packed days, the dictionary, and the name.
    var jobNames: [(column: DayRows.Column, dictionary: String, name: String)] {
        let names: [(DayRows.Column, String, String?)] = [
            (.account, "accounts", account), (.partition, "partitions", partition), (.qos, "qoses", qos),
        ]
        return names.compactMap { column, dictionary, name in name.map { (column, dictionary, $0) } }
    }

    /// Whether the counts of pruned jobs can meet the conditions: they know accounts and systems, and not who, where
    /// and with what.
    private var isOfPrunedJobs: Bool {
        user == nil && subsystem == nil && python == nil && prefix == nil && partition == nil && qos == nil
            && hasGPUs == nil
    }

    private var flagCondition: String {
        let vouched = onlyVouched ? " AND (r.flags & 4) = 4" : ""
        let staff = (includesStaff ? "" : " AND (r.flags & 2) = 0") + vouched
        return switch place {
        case .compute: staff + " AND (r.flags & 1) = 1"
        case .login: staff + " AND (r.flags & 1) = 0"
        case nil: staff
        }
    }
}
