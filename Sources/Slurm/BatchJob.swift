import JSON

/// A batch job of one task, to be submitted by slurmrestd.
public struct BatchJob: Sendable, Equatable {
    public var name: String
    /// The lines of a shell script.
    public var script: String
    /// The time limit.
    public var minutes: Int
    /// Nil if Slurm chooses the partition.
    public var partition: String?
    public var node: String?
    public var account: String?

    public init(name: String, script: String, minutes: Int) {
        self.name = name
        self.script = script
        self.minutes = minutes
    }

    /// The request's body (`/slurm/VERSION/job/submit`).
    ///
    /// - Parameter version: `v0.0.38` and so on. From 0.0.39 on the environment and the nodes are lists, and the nodes
    ///   have another name; from 0.0.41 on the script is a part of the job.
    package func request(version: String) -> String {
        let minor = version.split(separator: ".").last.flatMap { Int($0) } ?? 0
        let path = "/usr/local/bin:/usr/bin:/bin"
        var job = [
            JSON.Member("name", .text(name)), JSON.Member("tasks", .integer(1)),
            JSON.Member("time_limit", .integer(Int64(minutes))),
            JSON.Member("current_working_directory", .text("/")), JSON.Member("standard_output", .text("/dev/null")),
            JSON.Member("standard_error", .text("/dev/null")),
            JSON.Member("environment", minor >= 39 ? .array([.text("PATH=" + path)]) : .object(["PATH": .text(path)])),
        ]
        if let partition { job.append(JSON.Member("partition", .text(partition))) }
        if let account { job.append(JSON.Member("account", .text(account))) }
        if let node {
            job.append(
                minor >= 39
                    ? JSON.Member("required_nodes", .array([.text(node)])) : JSON.Member("nodelist", .text(node)))
        }
        let script = JSON.Member("script", .text("#!/bin/sh\n" + script + "\n"))
        let request: JSON =
            minor >= 41
            ? .object(["job": .object(job + [script])]) : .object([JSON.Member("job", .object(job)), script])
        return request.compact
    }
}
