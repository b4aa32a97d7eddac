import Record
import Store

/// Processes by how they ended.
public struct EndCounts: Sendable, Equatable {
    public var processes: Int64 = 0
    public var exceptions: Int64 = 0
    public var signals: Int64 = 0
    public var killed: Int64 = 0

    init() {}

    /// - Parameter row: processes, and those that ended by an exception, by a signal, and that were killed.
    init(_ row: some Collection<SQLValue>) {
        let counts = row.map { $0.integer ?? 0 }
        (processes, exceptions, signals, killed) = (counts[0], counts[1], counts[2], counts[3])
    }

    public var exits: Int64 { processes - exceptions - signals - killed }

    /// The worst end of any of them.
    public var worst: ProcessEnd {
        if killed > 0 { return .killed }
        if signals > 0 { return .signal }
        return exceptions > 0 ? .exception : .exit
    }

    /// The ends with any processes, the worst first.
    public var all: [(end: ProcessEnd, processes: Int64)] {
        [(.killed, killed), (.signal, signals), (.exception, exceptions), (.exit, exits)].filter { $1 > 0 }
    }

    /// `exit`, or the worst end: `killed 1 of 64`.
    public var text: String {
        all.first.map { $0.end == .exit ? $0.end.name : "\($0.end.name) \($0.processes) of \(processes)" } ?? ""
    }

    static func + (left: EndCounts, right: EndCounts) -> EndCounts {
        var sum = left
        sum.processes += right.processes
        sum.exceptions += right.exceptions
        sum.signals += right.signals
        sum.killed += right.killed
        return sum
    }

    /// Fields for rows that have such counts, besides `processes`.
    static func fields<Row>(_ counts: @escaping @Sendable (Row) -> EndCounts) -> [Field<Row>] {
        [
            .count("exit", of: .processes) { counts($0).exits },
            .count("exception", of: .processes) { counts($0).exceptions },
            .count("signal", of: .processes) { counts($0).signals },
            .count("killed", of: .processes) { counts($0).killed },
        ]
    }
}
