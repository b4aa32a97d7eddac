/// Rows of jobs that may be one with another, until that has been looked into.
struct JobTwins {
    private var rows: [Int64] = []
    /// Whether any row may be one with another: an earlier process that found that out may not have seen to it.
    private var mayBeAny = true

    private static let mostRounds = 20

    mutating func note(_ rows: [Int64]) { self.rows += rows }

    /// Makes one of jobs that have turned out to be one; what cannot be done now is done the next time.
    mutating func unite(on connection: some SQLConnection) {
        if !mayBeAny && rows.isEmpty { return }
        for _ in 0..<JobTwins.mostRounds {
            guard let isMore = try? JobRecurrences.unite(connection, among: mayBeAny ? nil : rows) else { return }
            if isMore { continue }
            (mayBeAny, rows) = (false, [])
            return
        }
    }
}
