import Record
import Store

/// All usage, one row for each run and package, in the order of the runs' keys: by day, then by job.
///
/// It reads some thousand runs at a time, so that memory stays the same however many there are.
public struct UsageExport {
    public static let columns = [
        "run", "day", "first_seen", "last_seen", "cluster", "job_id", "restart", "step_id", "username", "account",
        "qos",
        "partition", "num_nodes", "executable", "main", "prefix", "python", "implementation", "container", "system",
        "subsystem", "is_compute", "is_staff", "processes", "ranks", "exceptions", "signals", "killed", "package",
        "version", "direct", "recurrence",
    ]

    private static let runsAtOnce = 2_000

    /// - Parameters:
    ///   - limit: the most rows; nil for all.
    ///   - progress: told how far it has come, from 0 to 1.
    ///   - row: gets each row's values, in the order of the columns.
    public static func run(
        _ connection: any SQLConnection, _ filter: UsageFilter, limit: Int? = nil, progress: (Double) -> Void,
        row: ([JSON]) throws -> Void
    ) throws {
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let dialect = connection.dialect
        let days = try PackedDays.daysWithRuns(connection).filter {
            $0 >= filter.firstDay ?? 0 && $0 <= filter.lastDay ?? .max
        }
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
                SELECT \(values) FROM runs r \(joins(dialect.lookUp))
                WHERE true\(filter.packageCondition)\(condition)\(behind) AND r.run <= \(dialect.key(end.hexadecimal))
                ORDER BY r.run, p.name
                """, parameters)
            for values in rows.prefix(left) { try row(json(values)) }
            left -= rows.count
            start = dialect.key(end.hexadecimal)
            let day = Int(end[0]) << 8 | Int(end[1])
            progress(Double(day - first + 1) / Double(last - first + 1))
        }
    }

    private static let values = """
        r.run, r.day, r.first_seen, r.last_seen, c.name, j.job_id, j.restart, s.name, \(PersonNames.name(on: "r.day")),
        a.name, q.name, t.name, j.num_nodes, x.name, m.name, e.prefix, e.python, e.implementation, e.container, e.system,
        e.subsystem, r.flags & 1, (r.flags & 2) / 2, r.processes, COALESCE(r.ranks, 0),
        COALESCE(r.exceptions, 0), COALESCE(r.signals, 0), COALESCE(r.killed, 0), p.name, sp.version, sp.direct, j.recurrence
        """

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

    private static func json(_ values: [SQLValue]) -> [JSON] {
        zip(columns, values).map { column, value in
            switch column {
            case "run": .text(value.bytes?.hexadecimal)
            case "day": value.integer.map { .text(Calendar.text(day: Int($0))) } ?? .null
            case "first_seen", "last_seen": .time(value.integer)
            case "is_compute", "is_staff", "direct": value.integer.map { .bool($0 == 1) } ?? .null
            // an empty version or program is something else than none
            case "version", "main": .text(value.text)
            default:
                switch value {
                case .integer(let number): .integer(number)
                default: .text(value.name)
                }
            }
        }
    }
}
