import ArgumentParser
import Query
import Store
import SystemClock

struct Summary: Question {
    static let configuration = CommandConfiguration(
        abstract: "How much Python runs: users, jobs, processes, node hours, and their change.",
        discussion: prose(
            """
            With --since or --month the totals are compared with those of the period before: as many days, or the month
            before a calendar month. 'complete' is false where a period is not over, or where runs of it
            were pruned, so that jobs and hours are missing. Of a month that is not over only as many days of the month
            before count.

            'canary_loss' is the fraction of lost messages that canaries found in the last 30 days, and 'loss_upper_95'
            its upper bound at 95 % confidence.

            With --sacct, Slurm tells how many jobs ran, and 'share_of_jobs' is the share that ran Python. The jobs of
            the centre's staff count in both.

            EXAMPLES
              customs summary --since 30d
              customs summary --month 2026-10 --against 2025-10
              customs summary --system perlmutter --format json
              customs summary --month last-month --sacct
            """))

    @Option(
        help: ArgumentHelp("Compare with this period: previous, or a month such as 2026-10.", valueName: "period"))
    var against: ComparedPeriod?

    @Flag(help: "Ask sacct how many jobs ran, and tell the share of them that ran Python.")
    var sacct = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var person: PersonOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var packages: DirectOptions

    func validate() throws {
        try form.format.refusePicture()
        try against?.check(selection)
    }

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(
            store, selection.written + person.written + staff.written + packages.written, in: context,
            accounts: selection.charged)
        let compared = against ?? (asking.filter.firstDay == nil ? nil : .previous)
        let now = wallClock()
        var summary = try UsageSummary.ask(asking.connection, asking.filter, against: compared, now: now)
        if sacct, let period = summary.now?.period {
            let jobs = try SlurmJobCount.ask(period, asking.filter, now: now)
            try summary.note(slurmJobs: jobs, asking.connection, asking.filter)
        }
        if summary.now?.totals.processes ?? 0 == 0 { try asking.explainEmptyAnswer() }
        return Answered(summary.answer(filters: asking.described), as: form)
    }
}

extension ComparedPeriod: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument, now: wallClock()) }

    /// - Throws: `ValidationError` if the options name no period, so that there is none before it.
    func check(_ selection: SelectionOptions) throws {
        if self == .previous, selection.period.since == nil, selection.period.month == nil {
            throw ValidationError("--against previous: needs --since or --month, which says where the period begins")
        }
    }
}
