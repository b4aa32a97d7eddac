/// A batch system that tells what becomes of jobs. Calls block; one thread uses a source.
public protocol JobSource: AnyObject {
    /// The batch system's name, for log lines.
    var name: String { get }

    /// Whether the batch system could have given a job this number. A record can claim any text, and a number may
    /// become part of a command line.
    func isJobID(_ text: String) -> Bool

    /// The jobs that hold nodes now, by one call.
    func running() throws(JobSourceError) -> [JobFacts]

    /// All starts of these jobs in the accounting, by one call.
    func accounted(_ jobs: [String]) throws(JobSourceError) -> [JobFacts]
}
