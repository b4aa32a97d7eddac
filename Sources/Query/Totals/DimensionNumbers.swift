import Record
import Store

/// Numbers usage by a dimension, and names the numbers.
struct DimensionNumbers {
    /// The name of a group; null for usage that did not say it.
    typealias Name = SQLValue

    private let dimension: UsageDimension
    private let people: People?
    private let mapping: AccountMapping?
    /// The stacks of each package, or all stacks that count. nil if all rows count.
    private let stacks: StackGroups<Name>?

    init(_ connection: any SQLConnection, _ dimension: UsageDimension, _ filter: UsageFilter, package: String?)
        throws(StoreError)
    {
        self.dimension = dimension
        mapping = filter.mapping
        people = dimension == .user ? try People(connection) : nil
        stacks =
            dimension == .package
            ? try StackGroups.packages(connection, filter).named { .text($0.string) }
            : try StackGroups.counted(connection, filter, package: package)
    }

    var columns: Set<DayRows.Column> {
        let own: Set<DayRows.Column> =
            switch dimension {
            case .package: []
            case .account, .project, .pi, .field, .department: [.account, .job]
            case .partition: [.partition, .job]
            case .qos: [.qos, .job]
            case .state: [.state, .job]
            case .nodes: [.nodes, .job]
            case .system, .subsystem, .python, .environment: [.environment]
            case .user: [.user]
            case .month: []
            }
        return stacks == nil ? own : own.union([.stack])
    }

    /// Those of the rows that count.
    func counted(_ rows: DayRows, _ kept: [Int]) -> [Int] {
        var counted = stacks?.places(kept, rows[.stack]) ?? kept
        if dimension.isOfJob {
            let flags = rows[.flags]
            counted.removeAll { flags[$0] & DayRows.isPruned != 0 }
        }
        return counted
    }

    /// The number of each row; 0 or more.
    func numbers(of rows: DayRows) -> [Int64] {
        switch dimension {
        case .package: return rows[.stack]
        case .system, .subsystem, .python, .environment: return rows[.environment]
        case .user: return rows[.user].map { people?.person($0, on: rows.day) ?? 0 }
        case .account, .project, .pi, .field, .department:
            return DimensionNumbers.ofJobs(rows, rows[.account])
        case .partition: return DimensionNumbers.ofJobs(rows, rows[.partition])
        case .qos: return DimensionNumbers.ofJobs(rows, rows[.qos])
        case .state: return DimensionNumbers.ofJobs(rows, rows[.state])
        case .nodes: return DimensionNumbers.ofJobs(rows, rows[.nodes].map { $0 + 1 })
        case .month:
            let date = Calendar.date(days: rows.day)
            return [Int64](repeating: Int64(date.year * 12 + date.month - 1), count: rows.count)
        }
    }

    /// 0 where there is no job.
    private static func ofJobs(_ rows: DayRows, _ values: [Int64]) -> [Int64] {
        zip(rows[.job], values).map { job, value in job > 0 ? max(0, value) : 0 }
    }

    /// The groups of these numbers.
    func groups(_ connection: any SQLConnection, _ numbers: Set<Int64>) throws(StoreError) -> StackGroups<Name> {
        var groups = StackGroups<Name>()
        switch dimension {
        case .package: return stacks ?? groups
        case .account: try groups.add(connection, "SELECT id, name FROM accounts", numbers)
        case .project, .pi, .field, .department:
            try groups.add(connection, "SELECT id, name FROM accounts", numbers) { account in
                dimension.accountProperty.map { mapping?.value(of: account, $0) ?? AccountMapping.unmapped } ?? account
            }
        case .partition: try groups.add(connection, "SELECT id, name FROM partitions", numbers)
        case .qos: try groups.add(connection, "SELECT id, name FROM qoses", numbers)
        case .state: try groups.add(connection, "SELECT id, name FROM job_states", numbers)
        case .system: try groups.add(connection, "SELECT id, system FROM environments", numbers)
        case .subsystem: try groups.add(connection, "SELECT id, subsystem FROM environments", numbers)
        case .python: try groups.add(connection, "SELECT id, python FROM environments", numbers)
        case .environment: try groups.add(connection, "SELECT id, prefix FROM environments", numbers)
        case .nodes: for number in numbers { groups.add(number, to: number == 0 ? .null : .integer(number - 1)) }
        case .user:
            for number in numbers {
                let name = people?.name(of: number) ?? ""
                groups.add(number, to: name.isEmpty ? .null : .text(name))
            }
        case .month:
            for number in numbers {
                let day = Calendar.days(year: Int(number / 12), month: Int(number % 12) + 1, day: 1)
                groups.add(number, to: .text(String(Calendar.text(day: day).prefix(7))))
            }
        }
        return groups
    }
}

extension StackGroups<SQLValue> {
    /// Adds those of the rows, a number and a name each, whose number is wanted. An empty name means "not known".
    ///
    /// - Parameter group: the group of a name.
    fileprivate mutating func add(
        _ connection: any SQLConnection, _ sql: String, _ wanted: Set<Int64>, to group: (String) -> String = { $0 }
    ) throws(StoreError) {
        for row in try connection.query(sql) {
            guard let number = row[0].integer, wanted.contains(number) else { continue }
            add(number, to: row[1].name.map { .text(group($0)) } ?? .null)
        }
    }
}
