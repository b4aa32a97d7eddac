import JSON

/// An option that questions share, by its name: `--since` on the command line, `since` in the address of a page.
public enum QuestionOption: String, CaseIterable, Sendable {
    case since, until, month
    /// The time zone of the three before it.
    case zone = "tz"
    case system, subsystem, account, partition, qos, user
    /// What the account belongs to.
    case project, pi, field, department
    /// Versions of Python, and a path of environments.
    case python, prefix
    /// Without a value: on compute nodes, or everywhere else.
    case compute, login
    /// Without a value: of jobs with GPUs, or of jobs without.
    case gpu, cpu
    /// Without a value.
    case includeStaff = "include-staff"
    /// Without a value.
    case direct
    /// Without a value: the kernel or a relay vouches for the user.
    case vouched
    case limit
    /// Without a value.
    case isPublic = "public"
    case minUsers = "min-users"
}

extension QuestionOption {
    /// Whether it has no value.
    public var isFlag: Bool {
        switch self {
        case .compute, .login, .gpu, .cpu, .includeStaff, .direct, .vouched, .isPublic: true
        case .since, .until, .month, .zone, .system, .subsystem, .account, .partition, .qos, .user, .project, .pi,
            .field, .department, .python, .prefix, .limit, .minUsers:
            false
        }
    }

    /// What given options select besides the days, as an answer says it: `{"include_staff": false, "system": "cori"}`.
    ///
    /// - Parameter written: the given options, each with its text; the text of a flag is ignored.
    public static func described(_ written: [QuestionOption: String]) -> [JSON.Member] {
        let others: Set<QuestionOption> = [.since, .until, .month, .zone, .limit, .includeStaff]
        let given = allCases.filter { !others.contains($0) }.compactMap { option in
            written[option].map { text -> JSON.Member in
                let key = String(option.rawValue.map { $0 == "-" ? "_" : $0 })
                return JSON.Member(key, option.isFlag ? .bool(true) : .text(text))
            }
        }
        return [JSON.Member("include_staff", .bool(written[.includeStaff] != nil))] + given
    }
}

/// Why the value of an option cannot be used.
public struct OptionError: Error, Equatable, CustomStringConvertible {
    public let option: QuestionOption
    /// The text after the option's name: the value, and a valid form.
    public let reason: String

    init(_ option: QuestionOption, _ reason: String) {
        self.option = option
        self.reason = reason
    }

    /// As the command line says it.
    public var description: String { "--\(option.rawValue)\(reason)" }
}
