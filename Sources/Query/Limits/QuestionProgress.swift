import Synchronization

/// How far this process's question has come, for other threads and for the end of the answer.
///
/// A question at the limit of its memory or time tells by it which day and job to leave out. A process with several
/// questions at a time knows only the progress of some of them.
public enum QuestionProgress {
    private struct State {
        var day: Int?
        /// The number of the job's row.
        var largestJob: Int64?
        var largestItems = 0
        var cutJobs: Set<Int64> = []
    }

    private static let state = Mutex(State())

    /// The number of jobs that are told one by one.
    private static let mostCutJobs = 100

    /// The day that is read, counted from 1970-01-01 UTC, and the row of the job with the most items so far; nil if
    /// there is none.
    public static var current: (day: Int?, largestJob: Int64?) { state.withLock { ($0.day, $0.largestJob) } }

    /// The rows of the jobs with more different sets of packages than count; at most a hundred.
    public static var cutJobs: Set<Int64> { state.withLock { $0.cutJobs } }

    package static func note(day: Int) { state.withLock { $0.day = day } }

    package static func note(job: Int64, items: Int) {
        state.withLock { state in
            guard items > state.largestItems else { return }
            (state.largestJob, state.largestItems) = (job, items)
        }
    }

    static func noteCut(job: Int64) {
        state.withLock { if $0.cutJobs.count < mostCutJobs { $0.cutJobs.insert(job) } }
    }
}
