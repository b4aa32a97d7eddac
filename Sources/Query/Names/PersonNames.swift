import Record

/// The names of a user: from a day on the real name, and a pseudonym before.
enum PersonNames {
    /// The name of the user called `u` on a day.
    static func name(of user: String = "u", on day: String) -> String {
        "CASE WHEN \(day) < \(user).named_from THEN \(user).pseudonym ELSE \(user).name END"
    }

    /// The last known day of the job called `j`: of its runs, else by Slurm, else of pruned runs. A job without a known
    /// day is an old one, and its user is shown by the pseudonym if there is one.
    ///
    /// - Parameter lastRun: the day of its last run; nil if there is none.
    static func dayOfJob(lastRun: Int64?) -> String {
        lastRun.map { String($0) } ?? """
            COALESCE(
                COALESCE(j.end_time, j.start_time, j.submit_time) / \(Calendar.microsecondsPerDay), j.last_pruned, 0)
            """
    }
}
