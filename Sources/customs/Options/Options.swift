import ArgumentParser
import Glibc
import Query
import Record
import Settings
import Store
import Wire

/// Where the answers come from.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .customLong("store"),
        help: ArgumentHelp("The store: sqlite:///PATH or postgres://…; passwords by .pgpass.", valueName: "url"))
    var storeURL: String?

    @Option(help: ArgumentHelp("customsd's configuration file, to find the store.", valueName: "file"))
    var config: String?

    /// A connection to ask by; a spinner turns until the answer is shown.
    func reader() throws -> any SQLConnection {
        let location = try location()
        if let path = location.file { try refuseUnreadable(path) }
        Spinner.start()
        return try location.reader()
    }

    func location() throws -> StoreLocation {
        if let storeURL { return try StoreLocation(storeURL) }
        do {
            return try StoreLocation(try SettingsSources.load(path: config).store)
        } catch let error as StoreError {
            throw Failure(.configuration, error.description)
        }
    }

    private func refuseUnreadable(_ path: String) throws {
        if access(path, R_OK) == 0 { return }
        let why = errno
        if why == ENOENT || why == ENOTDIR {
            throw Failure(
                .unavailable,
                "there is no store \(path) yet: customsd makes it when it starts; if it is elsewhere, say --store URL or set CUSTOMS_STORE"
            )
        }
        throw Failure(
            .unavailable,
            "the store \(path) may not be read by this user: \(String(cString: strerror(why))); its owner, or a group that may read the file and its directory, can ask"
        )
    }
}

/// Which days count.
struct PeriodOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "From this day on, in UTC: 2026-11-21, an RFC 3339 time, or 30d for 30 days ago.", valueName: "when")
    )
    var since: String?

    @Option(help: ArgumentHelp("Up to this day, which counts too.", valueName: "when"))
    var until: String?

    func validate() throws {
        _ = try since.map { try Day($0, "--since") }
        _ = try until.map { try Day($0, "--until") }
    }

    var firstDay: Int? { get throws { try since.map { try Day($0, "--since").number } } }
    var lastDay: Int? { get throws { try until.map { try Day($0, "--until").number } } }
}

/// Which usage counts: options of all questions about usage.
struct SelectionOptions: ParsableArguments {
    @OptionGroup var period: PeriodOptions

    @Option(help: "Only usage on this system.")
    var system: String?

    @Option(help: "Only jobs charged to this account.")
    var account: String?

    @Flag(help: "Only what ran on compute nodes.")
    var compute = false

    @Flag(help: "Only what ran elsewhere: login nodes, notebooks, services.")
    var login = false

    func validate() throws {
        if compute && login { throw ValidationError("--compute and --login: give one of them; without, both count") }
    }

    var filter: UsageFilter {
        get throws {
            var filter = UsageFilter()
            filter.firstDay = try period.firstDay
            filter.lastDay = try period.lastDay
            filter.system = system
            filter.account = account
            filter.place = compute ? .compute : login ? .login : nil
            return filter
        }
    }
}

struct StaffOptions: ParsableArguments {
    @Flag(name: .customLong("include-staff"), help: "Count the centre's own staff too.")
    var includeStaff = false
}

struct DirectOptions: ParsableArguments {
    @Flag(help: "Count only packages that the user's own code imported.")
    var direct = false
}

struct LimitOptions: ParsableArguments {
    @Option(help: "Maximum number of rows.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit \(limit): must be at least 1") }
    }
}

/// Whether the answer may be published.
struct PublicOptions: ParsableArguments {
    @Flag(name: .customLong("public"), help: "Leave out what fewer than five users did, so that it may be published.")
    var isPublic = false

    @Option(help: ArgumentHelp("With --public: how many users there must be.", valueName: "count"))
    var minUsers: Int64?

    func validate() throws {
        if let minUsers, minUsers < 1 { throw ValidationError("--min-users \(minUsers): must be at least 1") }
        if minUsers != nil && !isPublic { throw ValidationError("--min-users: means nothing without --public") }
    }

    var leastUsers: Int64 { isPublic ? minUsers ?? UsageFilter.publicUsers : 0 }
}

/// What choose usage for a question about packages, which heeds all of them.
struct FilterOptions: ParsableArguments {
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var packages: DirectOptions
    @OptionGroup var rows: LimitOptions
    @OptionGroup var publication: PublicOptions

    var limit: Int? { rows.limit }

    var filter: UsageFilter {
        get throws {
            var filter = try selection.filter
            filter.includesStaff = staff.includeStaff
            filter.onlyDirect = packages.direct
            filter.leastUsers = publication.leastUsers
            return filter
        }
    }
}

/// A day as the user writes it.
struct Day {
    /// Counted from 1970-01-01 UTC.
    let number: Int

    init(_ text: String, _ flag: String, now: Int64 = wallClock()) throws {
        let today = Int(Calendar.day(ofMicroseconds: now))
        if text.last == "d", let days = Int(text.dropLast()), days >= 0, days < 100_000 {
            number = today - days
        } else if let date = Day.date(text[...]) {
            number = date
        } else if let time = Day.time(text) ?? Day.time(text + "Z") {
            number = Int(Calendar.day(ofMicroseconds: time))
        } else {
            throw ValidationError("\(flag) '\(text)': write a date as 2026-11-21, an RFC 3339 time, or days ago as 30d")
        }
    }

    private static func date(_ text: Substring) -> Int? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), (1...12).contains(month),
            day >= 1, day <= Calendar.length(ofMonth: month, year: year)
        else { return nil }
        return Calendar.days(year: year, month: month, day: day)
    }

    private static func time(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { Timestamp.rfc3339(UnsafeRawBufferPointer($0)) }
    }
}

/// Microseconds since 1970 UTC.
func wallClock() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
}
