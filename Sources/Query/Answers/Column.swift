import JSON

/// The description of one column of an answer.
public struct Column: Sendable, Equatable {
    public enum Kind: Sendable {
        case text
        /// A whole number of something.
        case count
        case number
        case flag
        /// RFC 3339 in UTC.
        case time
        /// `2026-11-21`
        case day
        /// `2026-11`
        case month
        /// Texts.
        case list
        /// Texts by their names.
        case mapping
        /// Something else in each row.
        case any
    }

    /// The unit of a number.
    public enum Unit: Sendable {
        case users, jobs, processes, nodes, nodeHours, coreHours, gpuHours, records, runs, seconds
        /// Of the same kind of things.
        case percent
    }

    /// The key in JSON; it never changes.
    public let name: String
    /// The column's heading in a table and in CSV.
    public let heading: String
    public let kind: Kind
    /// nil if it is not a count, or has no unit.
    public let unit: Unit?
}

/// A column with the function that gets its value from a row.
public struct Field<Row>: Sendable {
    public let column: Column
    let value: @Sendable (Row) -> JSON

    private init(
        _ name: String, _ heading: String? = nil, _ kind: Column.Kind, _ unit: Column.Unit? = nil,
        _ value: @escaping @Sendable (Row) -> JSON
    ) {
        column = Column(name: name, heading: heading ?? name, kind: kind, unit: unit)
        self.value = value
    }

    public static func text(
        _ name: String, heading: String? = nil, _ value: @escaping @Sendable (Row) -> String?
    ) -> Field { Field(name, heading, .text) { .text(value($0)) } }

    public static func count(
        _ name: String, of unit: Column.Unit? = nil, heading: String? = nil,
        _ value: @escaping @Sendable (Row) -> Int64?
    ) -> Field { Field(name, heading, .count, unit) { .integer(value($0)) } }

    public static func number(
        _ name: String, of unit: Column.Unit? = nil, _ value: @escaping @Sendable (Row) -> Double?
    ) -> Field { Field(name, nil, .number, unit) { value($0).map { .real($0) } ?? .null } }

    public static func flag(_ name: String, _ value: @escaping @Sendable (Row) -> Bool?) -> Field {
        Field(name, nil, .flag) { value($0).map { .bool($0) } ?? .null }
    }

    /// - Parameter value: microseconds since 1970 UTC.
    public static func time(_ name: String, _ value: @escaping @Sendable (Row) -> Int64?) -> Field {
        Field(name, nil, .time) { .time(value($0)) }
    }

    /// - Parameter value: days since 1970-01-01 UTC.
    public static func day(_ name: String, _ value: @escaping @Sendable (Row) -> Int64?) -> Field {
        Field(name, nil, .day) { .day(value($0)) }
    }

    /// - Parameter value: `2026-11`.
    public static func month(_ name: String, _ value: @escaping @Sendable (Row) -> String) -> Field {
        Field(name, nil, .month) { .text(value($0)) }
    }

    public static func list(_ name: String, _ value: @escaping @Sendable (Row) -> [String]?) -> Field {
        Field(name, nil, .list) { value($0).map { .array($0.map { .text($0) }) } ?? .null }
    }

    public static func mapping(
        _ name: String, _ value: @escaping @Sendable (Row) -> [(name: String, text: String?)]
    ) -> Field { Field(name, nil, .mapping) { .object(value($0).map { JSON.Member($0.name, .text($0.text)) }) } }

    static func any(_ name: String, _ value: @escaping @Sendable (Row) -> JSON) -> Field {
        Field(name, nil, .any, nil, value)
    }
}
