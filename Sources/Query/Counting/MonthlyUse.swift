import Record
import Store

/// The use in one month.
public struct MonthOfUse: Sendable, Equatable {
    /// `2026-11`
    public let month: String
    /// nil where the month's runs have been pruned and nothing else tells users, of an account.
    public let users: Int64?
    public let jobs: Int64
}

/// The use of one item, month by month.
struct MonthlyUse {
    static let columns: Set<DayRows.Column> = [.user, .job]

    /// By month: the year times twelve, plus the months before it in its year.
    private var users: [Int64: BitSet] = [:]
    private let jobs = JobSets()

    mutating func add(_ rows: DayRows, _ kept: [Int]) {
        if kept.isEmpty { return }
        let date = Calendar.date(days: rows.day)
        let month = Int64(date.year * 12 + date.month - 1)
        let user = rows[.user]
        var known = users.removeValue(forKey: month) ?? BitSet()
        for row in kept { known.set(user[row]) }
        users[month] = known
        jobs.add(rows, kept, key: month)
    }

    /// - Parameter pruned: jobs of pruned runs, by month.
    func months(pruned: [String: Int64], _ filter: UsageFilter) -> [MonthOfUse] {
        var counts: [Int64: Int64] = [:]
        for (set, count) in zip(jobs.sets, jobs.counts) { for month in set { counts[month, default: 0] += count } }
        var told: [String: MonthOfUse] = [:]
        for (month, known) in users {
            // user 0 means "unknown" and is not counted
            let people = known.count - (known[0] ? 1 : 0)
            if people < filter.leastUsers { continue }
            let day = Calendar.days(year: Int(month / 12), month: Int(month % 12) + 1, day: 1)
            let name = String(Calendar.text(day: day).prefix(7))
            told[name] = MonthOfUse(
                month: name, users: people, jobs: (counts[month] ?? 0) + (pruned[name] ?? 0))
        }
        // the sums of pruned usage have every month, but no accounts
        if filter.account != nil || !filter.charged.isEmpty, filter.leastUsers == 0 {
            for (month, jobs) in pruned where told[month] == nil {
                told[month] = MonthOfUse(month: month, users: nil, jobs: jobs)
            }
        }
        return told.values.sorted { $0.month < $1.month }
    }
}
