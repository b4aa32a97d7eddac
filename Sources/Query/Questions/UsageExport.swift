import Checksum
import JSON
import Record
import Store

/// All usage, one row for each run and package, in the order of the runs' keys: by day, then by job.
///
/// It reads some thousand runs at a time, so its memory does not grow with their number. It grows with the packages of
/// these runs: each has `UsageRecord.mostPackages` at most.
public struct UsageExport {
    /// A form in which rows follow one another without end.
    public enum Form: Sendable {
        case csv
        /// A line of JSON for each row.
        case jsonl
    }

    /// The meaning of a database value.
    private enum Kind {
        /// A text; the empty one means "unknown".
        case name
        /// A text; the empty one differs from an unknown one.
        case text
        case bytes, day, time, flag, count
        /// The row of a job; the value is its node hours.
        case job
    }

    /// Each column with its kind and the SQL for it.
    private static let columns: [(name: String, kind: Kind, sql: String)] = [
        ("run", .bytes, "r.run"), ("day", .day, "r.day"), ("first_seen", .time, "r.first_seen"),
        ("last_seen", .time, "r.last_seen"), ("cluster", .name, "c.name"), ("job_id", .name, "j.job_id"),
        ("restart", .count, "j.restart"), ("step_id", .name, "s.name"),
        ("username", .name, PersonNames.name(on: "r.day")), ("account", .name, "a.name"), ("qos", .name, "q.name"),
        ("partition", .name, "t.name"), ("num_nodes", .count, "j.num_nodes"), ("executable", .name, "x.name"),
        ("main", .text, "m.name"), ("prefix", .name, "e.prefix"), ("python", .name, "e.python"),
        ("implementation", .name, "e.implementation"), ("container", .name, "e.container"),
        ("system", .name, "e.system"), ("subsystem", .name, "e.subsystem"), ("is_compute", .flag, "r.flags & 1"),
        ("is_staff", .flag, "(r.flags & 2) / 2"), ("processes", .count, "r.processes"),
        ("ranks", .count, "COALESCE(r.ranks, 0)"), ("exceptions", .count, "COALESCE(r.exceptions, 0)"),
        ("signals", .count, "COALESCE(r.signals, 0)"), ("killed", .count, "COALESCE(r.killed, 0)"),
        ("package", .name, "p.name"), ("version", .text, "sp.version"), ("direct", .flag, "sp.direct"),
        ("recurrence", .count, "j.recurrence"), ("state", .name, "j.state"), ("gpus", .count, "j.gpus"),
        ("node_hours", .job, "r.job"),
    ]

    private static let runsAtOnce = 2_000

    /// - Parameters:
    ///   - limit: the largest number of rows; nil for all.
    ///   - progress: called with the fraction done, from 0 to 1.
    ///   - row: called with each row's values, in the order of the columns.
    public static func run(
        _ connection: any SQLConnection, _ filter: UsageFilter, limit: Int? = nil, progress: (Double) -> Void,
        row: ([JSON]) throws -> Void
    ) throws {
        let (condition, parameters) = try filter.condition(on: connection)
        let dialect = connection.dialect
        let days = try PackedDays.daysWithRuns(connection).filter {
            $0 >= filter.firstDay ?? 0 && $0 <= filter.lastDay ?? .max
        }
        let nodeHours = try NodeHours(connection, filter, days: days)
        guard let first = days.first, let last = days.last else { return }
        var left = limit ?? .max
        var start: String?
        while left > 0 {
            let behind = start.map { " AND r.run > \($0)" } ?? ""
            let keys = try connection.query(
                "SELECT r.run FROM runs r WHERE true\(condition)\(behind) ORDER BY r.run LIMIT \(runsAtOnce)",
                parameters)
            guard let end = keys.last?[0].bytes else { return }
            let rows = try connection.query(
                """
                SELECT \(columns.map { $0.sql }.joined(separator: ", ")), \(NodeHours.Job.columns)
                FROM runs r \(joins(dialect.lookUp))
                WHERE true\(filter.packageCondition)\(condition)\(behind) AND r.run <= \(dialect.key(end.hexadecimal))
                ORDER BY r.run, p.name
                """, parameters)
            let hours = try nodeHours.of(rows.compactMap { NodeHours.Job($0.dropFirst(columns.count)) })
            for values in rows.prefix(left) { try row(json(values, hours)) }
            left -= rows.count
            start = dialect.key(end.hexadecimal)
            let day = Int(end[0]) << 8 | Int(end[1])
            progress(Double(day - first + 1) / Double(last - first + 1))
        }
    }

    private static func joins(_ look: String) -> String {
        """
        \(look) stack_packages sp ON sp.stack = r.stack \(look) packages p ON p.id = sp.package
        \(look) clusters c ON c.id = r.cluster \(look) steps s ON s.id = r.step \(look) users u ON u.id = r.usr
        \(look) executables x ON x.id = r.executable \(look) programs m ON m.id = r.program
        \(look) environments e ON e.id = r.environment
        LEFT JOIN jobs j ON j.id = r.job LEFT JOIN accounts a ON a.id = j.account LEFT JOIN qoses q ON q.id = j.qos
        LEFT JOIN partitions t ON t.id = j.partition
        """
    }

    /// The line before the first row; nil if there is none.
    public static func heading(as form: Form) -> String? {
        form == .csv ? CSV().line(columns.map { .text($0.name) }) : nil
    }

    /// A row without the end of its line.
    ///
    /// - Parameter csv: the writer of CSV.
    public static func line(_ row: [JSON], as form: Form, csv: CSV = CSV()) -> String {
        switch form {
        case .csv: csv.line(row)
        case .jsonl: JSON.object(zip(columns, row).map { JSON.Member($0.name, $1) }).compact
        }
    }

    /// - Parameter hours: node hours by the rows of jobs.
    private static func json(_ values: [SQLValue], _ hours: [Int64: Double]) -> [JSON] {
        zip(columns, values).map { column, value in
            switch column.kind {
            case .name: .text(value.name)
            case .text: .text(value.text)
            case .bytes: .text(value.bytes?.hexadecimal)
            case .day: .day(value.integer)
            case .time: .time(value.integer)
            case .flag: value.integer.map { .bool($0 == 1) } ?? .null
            case .count: .integer(value.integer)
            case .job: value.integer.flatMap { hours[$0] }.map { .real($0) } ?? .null
            }
        }
    }
}
