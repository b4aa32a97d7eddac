import Record

/// Times as pages show them.
enum SiteTime {
    /// - Parameter microseconds: since 1970 UTC.
    /// - Returns: RFC 3339, to the minute: `2026-11-29T23:41Z`.
    static func text(_ microseconds: Int64) -> String {
        Calendar.text(microseconds: microseconds / 60_000_000 * 60_000_000).prefix(16) + "Z"
    }
}
