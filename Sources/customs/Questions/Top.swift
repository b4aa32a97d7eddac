import ArgumentParser
import Query
import Store

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Most used packages; or most usage per account, system, user, month, ...",
        discussion: prose(
            """
            In each row a user counts once, and a job once. Staff is left out unless --include-staff is given.

            --per chooses what a row is about. environment is the interpreter's prefix; nodes is the job's number of
            nodes. A row without a name has the usage that did not say it: for account and nodes, also usage outside of
            jobs. state, core-hours and gpu-hours are known of jobs that Slurm has told.

            EXAMPLES
              customs top --limit 20
              customs top --by node-hours --since 2026-01-01 --until 2026-03-31
              customs top --month last-month --tz America/Los_Angeles
              customs top --direct --format csv > packages.csv
              customs top --per account --by node-hours --since 30d
              customs top --per user --package torch --system perlmutter
              customs top --per month --since 365d
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: AnswerOptions
    @OptionGroup var filter: FilterOptions

    @Option(help: ArgumentHelp("What a row is about.", valueName: "unit"))
    var per: UsageDimension = .package

    @Option(help: "Sort by this, the largest first.")
    var by: UsageOrder = .users

    @Option(
        help: "With another --per than package: only usage of this package.", completion: DistributionNames.completion)
    var package: String?

    func validate() throws {
        if per == .package {
            if package != nil { throw ValidationError("--package: needs --per, as in: --per account --package numpy") }
        } else if filter.publication.isPublic {
            throw ValidationError("--public: may be used with --per package only")
        }
    }

    func run() throws {
        let asking = try Asking(store, filter.written)
        let package = try package.map { try asking.package($0) }
        let answer = try asking.answer { (filter, limit) throws(StoreError) in
            try TopUsage.ask(asking.connection, filter, per: per, by: by, package: package, limit: limit).answer
        }
        try asking.tell(answer, as: form)
    }
}

extension UsageDimension: ExpressibleByArgument {}
extension UsageOrder: ExpressibleByArgument {}
