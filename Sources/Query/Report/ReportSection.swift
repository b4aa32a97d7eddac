import JSON

/// One table of a report.
public struct ReportSection: Sendable, Equatable {
    public enum Name: String, CaseIterable, Sendable {
        case packages, devices, systems, accounts, fields, pythons
        case environmentKinds = "environment_kinds"
        case environments
        case oldVersions = "old_versions"
        case ends
        case jobStates = "job_states"
    }

    public let name: Name
    /// The first rows of the question's answer.
    public let answer: Answer
    /// The number of rows without a limit; nil if it is not told.
    public let count: Int?

    public init(_ name: Name, _ answer: Answer, limit: Int? = nil, count: Int?) {
        self.name = name
        self.answer = answer.first(limit)
        self.count = count
    }

    /// The count is that of the answer's rows.
    public init(_ name: Name, _ answer: Answer, limit: Int? = nil) {
        self.init(name, answer, limit: limit, count: answer.rows.count)
    }
}

extension ReportSection {
    public var title: String {
        switch name {
        case .packages: "Packages"
        case .devices: "GPU and CPU jobs"
        case .systems: "Systems"
        case .accounts: "Accounts"
        case .fields: "Fields of science"
        case .pythons: "Versions of Python and their ends of life"
        case .environmentKinds: "Kinds of environments"
        case .environments: "Environments"
        case .oldVersions: "Old versions"
        case .ends: "How processes end"
        case .jobStates: "How jobs end"
        }
    }

    /// What a row is about, and the order of the rows.
    public var caption: String {
        switch name {
        case .packages: rows("packages", by: "users")
        case .devices: "Jobs that Slurm gave GPUs (gpu) and jobs that got none (cpu)"
        case .systems: rows("systems", by: "users")
        case .accounts: rows("accounts", by: "node hours")
        case .fields: rows("fields", by: "node hours")
        case .pythons where answer.columns.contains { $0.name == "implementation" }:
            rows("versions of Python", by: "users")
        case .pythons: "Release series of Python, the newest first"
        case .environmentKinds: "Kinds of environments, most users first"
        case .environments: rows("environments", by: "users")
        case .oldVersions: "Users of versions before the one named, among all users of the package"
        case .ends: rows("packages", by: "processes") + ", and how these ended"
        case .jobStates: rows("states of jobs by Slurm", by: "jobs")
        }
    }

    /// What the numbers mean, and the command that gives more.
    public var note: String {
        switch name {
        case .packages:
            "A package counts for a process that imported it, directly or by way of another package."
        case .devices:
            "A job that Slurm has told nothing about is in no row. The share is that of all node hours."
        case .systems: "A user of two systems counts in both rows. A row without a name has usage that named none."
        case .accounts: "A row without a name has jobs of no known account and usage outside of jobs."
        case .fields: "By the site's file on accounts; (unmapped) has accounts that it does not know."
        case .pythons:
            "Ends of life are CPython's, by devguide.python.org/versions. customs who --python 3.8 names the users."
        case .environmentKinds: "The kind follows from the path of the interpreter's environment."
        case .environments: "An environment is the prefix of an interpreter."
        case .oldVersions: "customs who numpy --older-than 2 names the users."
        case .ends:
            "exit is a normal end, exception an uncaught error, signal an end by a signal with a handler. After killed"
                + " only a trace was found."
        case .jobStates:
            "A row without a name has jobs that Slurm has not told of, and usage outside of jobs."
        }
    }

    private func rows(_ things: String, by measure: String) -> String {
        let shown = answer.rows.count
        guard let count else { return "\(things.prefix(1).uppercased())\(things.dropFirst()), most \(measure) first" }
        return shown < count
            ? "The \(shown) of \(count) \(things) with most \(measure)" : "All \(things), most \(measure) first"
    }
}
