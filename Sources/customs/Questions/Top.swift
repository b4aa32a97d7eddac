import ArgumentParser
import Query
import Record
import Store
import SystemClock

struct Top: Question {
    static let configuration = CommandConfiguration(
        abstract: "Most used packages; or most usage per account, system, user, month, ...",
        discussion: prose(
            """
            In each row a user counts once, and a job once. Staff is left out unless --include-staff is given.

            --per chooses what a row is about. environment is the interpreter's prefix; nodes is the job's number of
            nodes. A row without a name has the usage that did not say it: for account and nodes, also usage outside of
            jobs. state, core-hours and gpu-hours are known of jobs that Slurm has told. project, pi, field and
            department are those of the account, by the file of --accounts.

            EXAMPLES
              customs top --limit 20
              customs top --by node-hours --since 2026-01-01 --until 2026-03-31
              customs top --month last-month --tz America/Los_Angeles
              customs top --direct --format csv > packages.csv
              customs top --per account --by node-hours --since 30d
              customs top --per field --accounts accounts.csv
              customs top --per user --package torch --system perlmutter
              customs top --per month --since 365d
              customs top --since 30d --against previous --sort change
              customs top --per system --shares --columns system,users,share_percent
            """))

    @Option(help: ArgumentHelp("What a row is about.", valueName: "unit"))
    var per: UsageDimension = .package

    @Option(help: "Sort by this, the largest first.")
    var by: UsageOrder = .users

    @Option(
        help: "With another --per than package: only usage of this package.",
        completion: StoreCompletion.names(.package))
    var package: String?

    @Option(
        help: ArgumentHelp(
            "Compare with this period: previous, or a month such as 2026-10. Adds before, change, change_percent.",
            valueName: "period"))
    var against: ComparedPeriod?

    @Flag(help: "Add share_percent: the row's part of all usage, by what the rows are sorted by.")
    var shares = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: RowOptions
    @OptionGroup var filter: FilterOptions

    func validate() throws {
        if per == .package && package != nil {
            throw ValidationError("--package: needs --per, as in: --per account --package numpy")
        }
        if filter.publication.isPublic {
            if per != .package { throw ValidationError("--public: may be used with --per package only") }
            if against != nil { throw ValidationError("--against: not with --public; ask for each period by itself") }
            if shares { throw ValidationError("--shares: not with --public") }
        }
        try against?.check(filter.selection)
    }

    func answered(in context: QuestionContext) throws -> Answered {
        let asking = try Asking(
            store, filter.written, form, in: context, accounts: filter.selection.charged, per: per.accountProperty)
        let package = try package.map { try asking.package($0) }
        let today = Int(wallClock() / Calendar.microsecondsPerDay)
        var comparison: TopUsage.Comparison?
        let answer = try asking.answer { (filter, limit) throws(StoreError) in
            let top = try TopUsage.ask(
                asking.connection, filter, per: per, by: by, package: package, against: against, today: today,
                hasShares: shares, limit: limit)
            comparison = top.comparison
            return top.answer
        }
        if let comparison { context.remark(words(of: comparison)) }
        return try asking.answered(
            answer, as: form,
            about: [
                "per": per == .package ? nil : per.rawValue, "by": by == .users ? nil : by.rawValue,
                "package": package,
            ])
    }
}

/// Says what was compared with what.
private func words(of comparison: TopUsage.Comparison) -> String {
    func text(_ period: Period) -> String {
        let why = (period.isOver ? [] : ["is not over"]) + (period.isPruned ? ["has lost runs by pruning"] : [])
        return why.isEmpty ? "\(period)" : "\(period), which \(why.joined(separator: " and "))"
    }
    return "\(text(comparison.period)); compared with \(text(comparison.before))"
}

extension UsageDimension: ExpressibleByArgument {}
extension UsageOrder: ExpressibleByArgument {}
