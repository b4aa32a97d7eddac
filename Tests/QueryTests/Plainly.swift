import Query
import Record
import SampleRecords

/// The answers, computed from the records themselves in the plainest way.
struct Plainly {
    let processes: [SampleRecord]
    /// The account of each job that has one.
    let accounts: [JobWords: String]
    let mapping: AccountMapping?
    /// The jobs that used each package.
    private(set) var jobsUsing: [String: Set<JobWords>] = [:]

    /// The processes that pass a filter.
    init(_ all: [SampleRecord], _ filter: UsageFilter = UsageFilter()) {
        // an account belongs to a job, whichever of its processes reported it
        var accounts: [JobWords: String] = [:]
        for process in all {
            if let job = process.job, let account = process[.account] { accounts[job] = account }
        }
        self.accounts = accounts
        mapping = filter.mapping
        let counted = all.filter { process in
            if let first = filter.firstDay, process.dayNumber < first { return false }
            if let last = filter.lastDay, process.dayNumber > last { return false }
            if !filter.includesStaff && process.isStaff == true { return false }
            if let place = filter.place, (place == .compute) != (process.isCompute == true) { return false }
            if let system = filter.system, process[.system] != system { return false }
            if let subsystem = filter.subsystem, process[.subsystem] != subsystem { return false }
            if let user = filter.user, process.user != user { return false }
            if let python = filter.python, !python.contains(process[.python] ?? "") { return false }
            if let prefix = filter.prefix, !Plainly.has(prefix, process[.prefix] ?? "") { return false }
            if let partition = filter.partition, process.job == nil || (process[.partition] ?? "") != partition {
                return false
            }
            if let qos = filter.qos, process.job == nil || (process[.qos] ?? "") != qos { return false }
            if let hasGPUs = filter.hasGPUs, process.gpus.map({ $0 > 0 }) != hasGPUs { return false }
            for (property, value) in filter.charged {
                guard let job = process.job, let account = accounts[job] else { return false }
                if filter.mapping?.value(of: account, property) != value { return false }
            }
            if let account = filter.account, process.job.map({ accounts[$0] ?? "" }) != account { return false }
            return true
        }
        processes =
            !filter.onlyDirect
            ? counted
            : counted.map { process in
                process.with { sample in
                    sample.packages = process.packages.filter { process.direct?.contains($0.name) == true }
                }
            }
        for process in processes {
            guard let job = process.job else { continue }
            for package in process.packages { jobsUsing[package.name, default: []].insert(job) }
        }
    }

    /// Of patterns with a star at the end, or none.
    private static func has(_ pattern: WildcardPattern, _ prefix: String) -> Bool {
        pattern.hasWildcard ? prefix.hasPrefix(pattern.text.dropLast()) : prefix == pattern.text
    }

    var packages: [String] { Set(processes.flatMap { $0.packages.map { $0.name } }).sorted { bytesBefore($0, $1) } }

    func users(_ processes: [SampleRecord]) -> Int64 { Int64(Set(processes.compactMap { $0.user }).count) }
    func jobs(_ processes: [SampleRecord]) -> Int64 { Int64(Set(processes.compactMap { $0.job }).count) }

    func using(_ package: String) -> [SampleRecord] { processes.filter { $0.uses(package) } }

    /// Whole node seconds of a job, from its first sign of life to its last.
    func nodeSeconds(_ job: JobWords) -> Int64 {
        let own = processes.filter { $0.job == job }
        let nodes = own.compactMap { $0.numNodes }.first ?? 1
        let starts = own.map { ($0.time ?? 0) - Int64(($0.elapsed ?? 0) * 1e6) }
        let ends = own.map { $0.time ?? 0 }
        return nodes * (((ends.max() ?? 0) - (starts.min() ?? 0)) / 1_000_000)
    }

    /// Over all jobs, by the textbook.
    func pearson(_ first: String, _ second: String) -> Double? {
        let jobs = Set(processes.compactMap { $0.job })
        func vector(_ package: String) -> [Double] {
            let with = jobsUsing[package] ?? []
            return jobs.map { with.contains($0) ? 1 : 0 }
        }
        let x = vector(first)
        let y = vector(second)
        let meanX = x.reduce(0, +) / Double(x.count)
        let meanY = y.reduce(0, +) / Double(y.count)
        let covariance = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
        let spreadX = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
        let spreadY = y.reduce(0) { $0 + ($1 - meanY) * ($1 - meanY) }
        return spreadX * spreadY > 1e-9 ? covariance / (spreadX * spreadY).squareRoot() : nil
    }
}

/// The names by their counts, the largest first, and equal ones by their bytes.
func mostFirst(_ counts: [(name: String, count: Int64)]) -> [String] {
    counts.sorted { left, right in
        left.count == right.count ? bytesBefore(left.name, right.name) : left.count > right.count
    }.map { $0.name }
}

func bytesBefore(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

/// Filters of all kinds, for questions over the sample centre.
let filters: [UsageFilter] = {
    func filter(_ change: (inout UsageFilter) -> Void) -> UsageFilter {
        var filter = UsageFilter()
        change(&filter)
        if !filter.charged.isEmpty { filter.mapping = SampleCentre.mapping }
        return filter
    }
    let first = Calendar.days(year: 2_026, month: 1, day: 10)
    return [
        UsageFilter(), filter { $0.includesStaff = true }, filter { $0.firstDay = first + 40 },
        filter { $0.lastDay = first + 40 },
        filter {
            $0.firstDay = first + 40; $0.lastDay = first + 40
        },
        filter { $0.system = "perlmutter" }, filter { $0.account = "m2" },
        filter {
            $0.firstDay = first + 10; $0.lastDay = first + 90; $0.system = "muller"; $0.account = "m3";
            $0.includesStaff = true
        },
        filter { $0.place = .compute }, filter { $0.place = .login }, filter { $0.onlyDirect = true },
        filter {
            $0.onlyDirect = true; $0.place = .compute; $0.account = "m2"; $0.lastDay = first + 70
        },
        filter { $0.partition = "part1" }, filter { $0.qos = "debug" }, filter { $0.hasGPUs = true },
        filter {
            $0.hasGPUs = false; $0.partition = "part2"; $0.qos = "regular"; $0.account = "m2"; $0.includesStaff = true
        },
        filter { $0.subsystem = "gpu" }, filter { $0.user = "user8" },
        filter { $0.python = VersionSpecifiers("<3.12") },
        filter { $0.prefix = WildcardPattern("/opt/python1") }, filter { $0.prefix = WildcardPattern("/opt/*") },
        filter {
            $0.user = "user3"; $0.python = VersionSpecifiers("3.10"); $0.prefix = WildcardPattern("/opt/python0");
            $0.includesStaff = true; $0.system = "muller"
        },
        filter { $0.charged = [.field: "physics"] },
        filter {
            $0.charged = [.field: "(unmapped)", .project: "(unmapped)"]; $0.includesStaff = true; $0.place = .compute
        },
        filter { $0.system = "no such system" }, filter { $0.account = "" }, filter { $0.firstDay = first + 4_000 },
    ]
}()
