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
        var members = [
            ("name", BatchJob.quoted(name)), ("tasks", "1"), ("time_limit", String(minutes)),
            ("current_working_directory", "\"/\""), ("standard_output", "\"/dev/null\""),
            ("standard_error", "\"/dev/null\""),
            (
                "environment",
                minor >= 39 ? "[\(BatchJob.quoted("PATH=" + path))]" : "{\"PATH\":\(BatchJob.quoted(path))}"
            ),
        ]
        if let partition { members.append(("partition", BatchJob.quoted(partition))) }
        if let account { members.append(("account", BatchJob.quoted(account))) }
        if let node {
            members.append(
                minor >= 39 ? ("required_nodes", "[\(BatchJob.quoted(node))]") : ("nodelist", BatchJob.quoted(node)))
        }
        let script = "\"script\":" + BatchJob.quoted("#!/bin/sh\n" + script + "\n")
        let job = members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
        return minor >= 41 ? "{\"job\":{\(job),\(script)}}" : "{\"job\":{\(job)},\(script)}"
    }

    /// The text as a JSON string.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
