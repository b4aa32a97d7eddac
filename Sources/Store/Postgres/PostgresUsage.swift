/// PostgreSQL's ways to write, pack and prune usage.
extension PostgresDialect {
    public func takeJobIDs(_ count: Int, on connection: any SQLConnection) throws(StoreError) -> [Int32] {
        // as a constant, because otherwise the server looks it up for each id
        let sequence = try connection.query("SELECT pg_get_serial_sequence('customs.jobs', 'id')").first?[0].text
        guard let sequence else { throw .schema("the ids of jobs are not counted up") }
        let taken = try connection.query(
            "SELECT min(n), max(n) FROM (SELECT nextval('\(sequence)') AS n FROM generate_series(1, ?)) AS taken",
            [.integer(Int64(count))]
        ).first
        guard let first = taken?[0].integer, let last = taken?[1].integer, last - first == Int64(count) - 1 else {
            // another connection takes ids at the same time: the jobs go the careful way
            throw .unacceptable("the ids of new jobs do not follow each other")
        }
        return (first...last).map { Int32(truncatingIfNeeded: $0) }
    }

    public func mergeStagedRuns(
        _ upsert: String, on connection: any SQLConnection
    ) throws(StoreError) -> (new: Int64, written: Int64) {
        // a run that existed has more processes than this batch; a filter's subquery is hashed, where a join would be a
        // loop
        let row = try connection.query(
            """
            WITH written AS (\(upsert) RETURNING runs.run, runs.processes)
            SELECT count(*) FILTER (WHERE (run, processes) IN (SELECT s.run, s.processes FROM staged_runs s)), count(*)
            FROM written
            """
        ).first
        return (row?[0].integer ?? 0, row?[1].integer ?? 0)
    }

    /// The planner, left alone, would read all jobs there are.
    public func joinJobs(ofRuns condition: String, on connection: any SQLConnection) throws(StoreError) -> String {
        let row = try connection.query(
            "SELECT min(r.job), max(r.job), count(*) FROM runs r WHERE r.job <> 0 AND \(condition)"
        ).first
        let columns = "id, account, usr, num_nodes, elapsed_seconds, partition, qos, state, alloc_cpus, gpus"
        if connection.isInTransaction, let first = row?[0].integer, let last = row?[1].integer,
            let count = row?[2].integer,
            last - first < 8 * count
        {
            // most jobs began on this day, one after the other
            try connection.run(script: "SET LOCAL enable_nestloop TO off; SET LOCAL enable_hashjoin TO on")
            return """
                LEFT JOIN (SELECT \(columns) FROM jobs WHERE id >= \(first) AND id <= \(last)) j ON j.id = r.job
                """
        }
        return "LEFT JOIN LATERAL (SELECT \(columns) FROM jobs WHERE id = r.job OFFSET 0) j ON true"
    }

    public func prune(
        runs: String, sums: (String) -> String, on connection: any SQLConnection
    ) throws(StoreError) {
        // in one statement, because a late record may come until the run is deleted
        try connection.query("WITH gone AS (DELETE \(runs) RETURNING *) \(sums("FROM gone"))")
    }

    public func lookingUp(on connection: any SQLConnection, _ body: () throws(StoreError) -> Void) throws(StoreError) {
        try connection.run(script: "SET LOCAL enable_hashjoin TO off; SET LOCAL enable_mergejoin TO off")
        try body()
        try connection.run(script: "SET LOCAL enable_hashjoin TO on; SET LOCAL enable_mergejoin TO on")
    }

    public func sweep(_ tables: [String], on connection: any SQLConnection) throws(StoreError) {
        for table in tables { try connection.run(script: "VACUUM \(table)") }
    }
}
