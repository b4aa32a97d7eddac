import Store

/// What pages are made of, as one number: while it is the same, a page made before is still right.
enum SiteGeneration {
    /// - Parameter now: microseconds since 1970 UTC. Days that are not packed may change at any time; the minute
    ///   stands for them.
    static func ask(_ connection: any SQLConnection, now: Int64) throws(StoreError) -> Int {
        var hasher = Hasher()
        for row in try connection.query("SELECT day, state, token FROM packed_days ORDER BY day") {
            hasher.combine(row[0].integer)
            hasher.combine(row[1].integer)
            hasher.combine(row[2].text)
        }
        for row in try connection.query("SELECT names FROM epochs") { hasher.combine(row[0].integer) }
        hasher.combine(now / 60_000_000)
        return hasher.finalize()
    }
}
