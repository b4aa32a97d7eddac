/// An option that questions share, by its name: `--since` on the command line, `since` in the address of a page.
public enum QuestionOption: String, CaseIterable, Sendable {
    case since, until, month
    /// The time zone of the three before it.
    case zone = "tz"
    case system, subsystem, account, partition, qos, user
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
