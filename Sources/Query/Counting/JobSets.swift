import Store

/// The items that each job used, as a set of numbers; there are many jobs and few different sets.
///
/// Jobs share small sets. A job with many items has a set of its own, so that memory grows with the pairs of job and
/// item, and not with their square.
final class JobSets {
    /// Small sets, each in rising order. Set 0 is that of jobs that were not seen.
    private var shared: [[Int64]] = [[]]
    /// Large sets, one for each job that has one.
    private var own: [Set<Int64>] = []
    /// By job: the index of a small set, or `ownMark` plus the index of a large one.
    private let jobs = PagedArray<UInt32>(empty: 0)
    /// The set of one item alone, by the item's number; 0 if there is none yet.
    private let singles = PagedArray<UInt32>(empty: 0)
    private var known: [[Int64]: UInt32] = [[]: 0]
    private var unions: [Union: UInt32] = [:]
    private let mostItems: Int

    private static let ownMark: UInt32 = 1 << 31
    /// The size of the largest set that jobs share. A job passes through all smaller ones.
    private static let largestShared = 16
    /// The most items of a job that count, which bounds its memory to some megabytes.
    static let mostItems = 50_000

    private struct Union: Hashable {
        let set: UInt32
        let key: Int64
    }

    init(mostItems: Int = JobSets.mostItems) { self.mostItems = mostItems }

    /// - Parameters:
    ///   - places: the indices of the rows that count; rows outside jobs do not.
    ///   - key: the item that was used in each row.
    func add(_ rows: DayRows, _ places: [Int], key: [Int64]) {
        let job = rows[.job]
        var page = PagedArray<UInt32>.Page()
        var known = PagedArray<UInt32>.Page()
        for row in places where job[row] > 0 {
            let single = known.place(of: key[row], in: singles)
            if single.pointee == 0 { single.pointee = number(of: [key[row]]) }
            let place = page.place(of: job[row], in: jobs)
            if place.pointee == single.pointee { continue }
            place.pointee = place.pointee == 0 ? single.pointee : union(place.pointee, key[row], job: job[row])
        }
    }

    /// Adds the same item for all rows.
    func add(_ rows: DayRows, _ places: [Int], key: Int64) {
        let single = number(of: [key])
        let job = rows[.job]
        var page = PagedArray<UInt32>.Page()
        for row in places where job[row] > 0 {
            let place = page.place(of: job[row], in: jobs)
            if place.pointee == single { continue }
            place.pointee = place.pointee == 0 ? single : union(place.pointee, key, job: job[row])
        }
    }

    /// The sets of jobs, and some that no job has.
    var sets: [[Int64]] { shared + own.map { $0.sorted() } }

    /// The number of jobs with each of the sets.
    var counts: [Int64] {
        var counts = [Int64](repeating: 0, count: shared.count + own.count)
        jobs.forEach { _, set in counts[index(set)] += 1 }
        return counts
    }

    /// The index of a job's set.
    func set(of job: Int64) -> Int { index(jobs[job]) }

    /// Calls `body` with each job that was seen, and the index of its set.
    func forEach(_ body: (Int64, Int) -> Void) { jobs.forEach { body($0, index($1)) } }

    private func index(_ set: UInt32) -> Int {
        set < JobSets.ownMark ? Int(set) : shared.count + Int(set - JobSets.ownMark)
    }

    private func union(_ set: UInt32, _ key: Int64, job: Int64) -> UInt32 {
        if set >= JobSets.ownMark {
            add(key, to: Int(set - JobSets.ownMark), job: job)
            return set
        }
        let pair = Union(set: set, key: key)
        if let union = unions[pair] { return union }
        let keys = shared[Int(set)]
        if !keys.contains(key), keys.count == JobSets.largestShared {
            own.append(Set(keys + [key]))
            return JobSets.ownMark + UInt32(own.count - 1)
        }
        let union = keys.contains(key) ? set : number(of: (keys + [key]).sorted())
        unions[pair] = union
        return union
    }

    private func add(_ key: Int64, to place: Int, job: Int64) {
        if own[place].count < mostItems {
            own[place].insert(key)
            QuestionProgress.note(job: job, items: own[place].count)
        } else if !own[place].contains(key) {
            QuestionProgress.noteCut(job: job)
        }
    }

    private func number(of keys: [Int64]) -> UInt32 {
        if let set = known[keys] { return set }
        let set = UInt32(shared.count)
        shared.append(keys)
        known[keys] = set
        return set
    }
}
