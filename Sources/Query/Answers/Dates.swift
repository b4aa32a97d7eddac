import JSON
import Record

/// Times and days as answers write them.
extension JSON {
    /// - Parameter microseconds: since 1970 UTC.
    /// - Returns: RFC 3339 in UTC.
    public static func time(_ microseconds: Int64?) -> JSON {
        microseconds.map { .text(Calendar.text(microseconds: $0)) } ?? .null
    }

    /// - Parameter number: days since 1970-01-01 UTC.
    /// - Returns: `2026-11-21`
    public static func day(_ number: Int64?) -> JSON { number.map { .text(Calendar.text(day: Int($0))) } ?? .null }
}
