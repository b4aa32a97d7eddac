import Record

/// The table of submitted canary batches. One thread uses a ledger, which may block.
public protocol CanaryLedger: AnyObject {
    /// The key by which records of batches are proven.
    func key() throws(StoreError) -> CanaryKey

    func add(_ run: CanaryRun) throws(StoreError)

    func note(_ news: CanaryUpdate) throws(StoreError)

    /// The batches whose jobs have not ended, with Slurm's job number and the time of submission.
    func openJobs() throws(StoreError) -> [(run: String, slurmJob: String, submitted: Int64)]

    /// Notes that runs without an end or a job could not run: the process that submitted them has ended.
    ///
    /// - Parameter now: microseconds since 1970 UTC.
    func giveUp(now: Int64) throws(StoreError)

    /// The submission time of the last batch, microseconds since 1970 UTC, and the number of batches; nil if there was
    /// none.
    func last() throws(StoreError) -> (submitted: Int64, count: Int64)?

    /// Asks a question on the ledger's connection.
    func ask<Answer>(_ question: (any SQLConnection) throws(StoreError) -> Answer) throws(StoreError) -> Answer
}

extension StoreLocation {
    /// A ledger with a connection of its own. It connects at the first call.
    public func makeCanaryLedger() -> any CanaryLedger {
        func ledger(_ dialect: some SQLDialect) -> any CanaryLedger { SQLCanaryLedger(link(dialect, for: .ledger)) }
        return ledger(database.dialect)
    }
}

final class SQLCanaryLedger<Connection: SQLConnection>: CanaryLedger {
    private let link: ReconnectingConnection<Connection>

    init(_ link: ReconnectingConnection<Connection>) { self.link = link }

    func key() throws(StoreError) -> CanaryKey {
        try link.attempt { (connection: Connection) throws(StoreError) in try CanaryKey(of: connection) }
    }

    func add(_ run: CanaryRun) throws(StoreError) {
        try query(
            """
            INSERT INTO canary_runs
                (run, submitted, expected, killed, mode, partition, node, transport, deadline)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .text(run.run), .integer(run.submitted), .integer(run.expected), .integer(run.killed),
                .text(run.mode.rawValue),
                .text(run.partition), .text(run.node), .text(run.transport), .integer(run.deadline),
            ])
    }

    func note(_ news: CanaryUpdate) throws(StoreError) {
        var changes: [(String, SQLValue)] = []
        if let job = news.slurmJob { changes.append(("slurm_job", .text(job))) }
        if let started = news.started { changes.append(("started", .integer(started))) }
        if let ended = news.ended { changes.append(("ended", .integer(ended))) }
        if let deadline = news.deadline { changes.append(("deadline", .integer(deadline))) }
        if let failure = news.failure { changes.append(("failure", .text(String(failure.prefix(500))))) }
        if changes.isEmpty { return }
        try query(
            "UPDATE canary_runs SET \(changes.map { "\($0.0) = ?" }.joined(separator: ", ")) WHERE run = ?",
            changes.map { $0.1 } + [.text(news.run)])
    }

    func openJobs() throws(StoreError) -> [(run: String, slurmJob: String, submitted: Int64)] {
        try query(
            """
            SELECT run, slurm_job, submitted FROM canary_runs
            WHERE slurm_job IS NOT NULL AND ended IS NULL AND failure IS NULL ORDER BY submitted DESC LIMIT 500
            """
        ).map { ($0[0].text ?? "", $0[1].text ?? "", $0[2].integer ?? 0) }
    }

    func giveUp(now: Int64) throws(StoreError) {
        let given = """
            ended IS NULL AND failure IS NULL AND slurm_job IS NULL
                AND submitted < ? - expected * \(CanaryRun.longestProcess)
            """
        let moment = SQLValue.integer(now - CanaryRun.longestSilence)
        // without such rows there is no need for the write lock
        if try query("SELECT 1 FROM canary_runs WHERE \(given) LIMIT 1", [moment]).isEmpty { return }
        try query(
            "UPDATE canary_runs SET failure = ? WHERE \(given)",
            [.text("the process that submitted it ended too early"), moment])
    }

    func last() throws(StoreError) -> (submitted: Int64, count: Int64)? {
        let row = try query("SELECT max(submitted), count(*) FROM canary_runs").first
        guard let row, let submitted = row[0].integer else { return nil }
        return (submitted, row[1].integer ?? 0)
    }

    func ask<Answer>(_ question: (any SQLConnection) throws(StoreError) -> Answer) throws(StoreError) -> Answer {
        try link.attempt { (connection: Connection) throws(StoreError) in try question(connection) }
    }

    @discardableResult
    private func query(_ sql: String, _ parameters: [SQLValue] = []) throws(StoreError) -> [[SQLValue]] {
        try link.attempt { (connection: Connection) throws(StoreError) in try connection.query(sql, parameters) }
    }
}
