/// Jobs without runs, or without recent ones. Runs have no index by job, so all of them are read at once.
enum JobsWithoutRuns {
    /// A SELECT of numbers of jobs.
    ///
    /// - Parameters:
    ///   - condition: on the jobs, called `j`.
    ///   - runs: a condition on the runs, called `r`, that they must not have.
    static func select(_ condition: String, runs: String) -> String {
        """
        SELECT j.id FROM jobs j LEFT JOIN (SELECT DISTINCT r.job FROM runs r WHERE \(runs)) used ON used.job = j.id
        WHERE used.job IS NULL AND \(condition)
        """
    }
}
