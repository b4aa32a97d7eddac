import ArgumentParser
import Query

/// The options for the days that count.
struct PeriodOptions: ParsableArguments, WrittenOptions {
    @Option(
        help: ArgumentHelp(
            "From this day on, in UTC: 2026-11-21, an RFC 3339 time, today, yesterday, 30d or 4w ago.",
            valueName: "when")
    )
    var since: String?

    @Option(help: ArgumentHelp("Up to this day, which counts too.", valueName: "when"))
    var until: String?

    @Option(help: "Only this calendar month: 2026-10, this-month or last-month.")
    var month: String?

    // a value may begin with a minus
    @Option(
        name: .customLong("tz"), parsing: .unconditional,
        help: ArgumentHelp(
            "Time zone of today, 30d, this-month and of times without an offset: Europe/Berlin, or +01:00.",
            valueName: "zone"))
    var zone: String?

    func validate() throws { try check() }

    var written: [QuestionOption: String] { given([.since: since, .until: until, .month: month, .zone: zone]) }
}

/// The options that select usage, which all questions about usage have.
struct SelectionOptions: ParsableArguments, WrittenOptions {
    @OptionGroup var period: PeriodOptions

    @Option(help: "Only usage on this system.", completion: StoreCompletion.names(.system))
    var system: String?

    @Option(help: "Only usage on this part of a system.", completion: StoreCompletion.names(.subsystem))
    var subsystem: String?

    @Option(help: "Only jobs charged to this account.", completion: StoreCompletion.names(.account))
    var account: String?

    @Option(help: "Only jobs in this partition.", completion: StoreCompletion.names(.partition))
    var partition: String?

    @Option(help: "Only jobs with this quality of service.", completion: StoreCompletion.names(.qos))
    var qos: String?

    @Flag(help: "Only jobs that got GPUs, by Slurm.")
    var gpu = false

    @Flag(help: "Only jobs that got none, by Slurm.")
    var cpu = false

    @Option(help: ArgumentHelp("Only these versions of Python: 3.11, '<3.9' or '>=3.10,<3.12'.", valueName: "spec"))
    var python: String?

    @Option(help: ArgumentHelp("Only environments with this path; * stands for any text.", valueName: "pattern"))
    var prefix: String?

    @Flag(help: "Only usage on compute nodes.")
    var compute = false

    @Flag(help: "Only usage elsewhere: login nodes, notebooks, services.")
    var login = false

    @Flag(help: "Only usage whose user the kernel or a relay vouches for.")
    var vouched = false

    @OptionGroup var charged: AccountOptions

    func validate() throws { try check() }

    var written: [QuestionOption: String] {
        period.written + charged.written
            + given([
                .system: system, .subsystem: subsystem, .account: account, .partition: partition, .qos: qos,
                .gpu: gpu ? "" : nil, .cpu: cpu ? "" : nil, .python: python, .prefix: prefix,
                .compute: compute ? "" : nil, .login: login ? "" : nil,
                .vouched: vouched ? "" : nil,
            ])
    }
}

/// The option of questions that are not about one person already.
struct PersonOptions: ParsableArguments, WrittenOptions {
    @Option(help: "Only usage by this person.", completion: StoreCompletion.names(.user))
    var user: String?

    var written: [QuestionOption: String] { given([.user: user]) }
}

struct StaffOptions: ParsableArguments, WrittenOptions {
    @Flag(name: .customLong("include-staff"), help: "Count the centre's own staff too.")
    var includeStaff = false

    var written: [QuestionOption: String] { given([.includeStaff: includeStaff ? "" : nil]) }
}

struct DirectOptions: ParsableArguments, WrittenOptions {
    @Flag(help: "Count only packages that the user's own code imported.")
    var direct = false

    var written: [QuestionOption: String] { given([.direct: direct ? "" : nil]) }
}

struct LimitOptions: ParsableArguments, WrittenOptions {
    @Option(help: "Maximum number of rows.")
    var limit: String?

    func validate() throws { try check() }

    var written: [QuestionOption: String] { given([.limit: limit]) }
}

/// The option for answers that may be published.
struct PublicOptions: ParsableArguments, WrittenOptions {
    @Flag(
        name: .customLong("public"),
        help: "For publication: rows of at least five users who are vouched for, whole months, coarse numbers.")
    var isPublic = false

    @Option(help: ArgumentHelp("With --public: smallest number of users of a row, at least 5.", valueName: "count"))
    var minUsers: String?

    func validate() throws { try check() }

    var written: [QuestionOption: String] { given([.isPublic: isPublic ? "" : nil, .minUsers: minUsers]) }
}

/// Options of a question about packages, which heeds all of them.
struct FilterOptions: ParsableArguments, WrittenOptions {
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var person: PersonOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var packages: DirectOptions
    @OptionGroup var rows: LimitOptions
    @OptionGroup var publication: PublicOptions

    var written: [QuestionOption: String] {
        selection.written + person.written + staff.written + packages.written + rows.written + publication.written
    }
}

/// Keeps the options that were given.
func given(_ options: [QuestionOption: String?]) -> [QuestionOption: String] {
    options.compactMapValues { $0 }
}

/// Options of several groups.
func + (left: [QuestionOption: String], right: [QuestionOption: String]) -> [QuestionOption: String] {
    left.merging(right) { _, later in later }
}
