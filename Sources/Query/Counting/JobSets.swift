import Store

/// The items that each job used, as a set of numbers; there are many jobs and few different sets.
final class JobSets {
    /// The sets of jobs, each in rising order. Set 0 is that of jobs that were not seen.
    private(set) var sets: [[Int64]] = [[]]
    private let jobs = PagedArray<UInt32>(empty: 0)
    /// The set of one item alone, by the item's number; 0 if there is none yet.
    private let singles = PagedArray<UInt32>(empty: 0)
    private var known: [[Int64]: UInt32] = [[]: 0]
    private var unions: [Union: UInt32] = [:]

    private struct Union: Hashable {
        let set: UInt32
        let key: Int64
    }

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
            place.pointee = place.pointee == 0 ? single.pointee : union(place.pointee, key[row])
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
            place.pointee = place.pointee == 0 ? single : union(place.pointee, key)
        }
    }

    /// The number of jobs with each of the sets.
    var counts: [Int64] {
        var counts = [Int64](repeating: 0, count: sets.count)
        jobs.forEach { _, set in counts[Int(set)] += 1 }
        return counts
    }

    /// The index of a job's set.
    func set(of job: Int64) -> Int { Int(jobs[job]) }

    /// Calls `body` with each job that was seen, and the index of its set.
    func forEach(_ body: (Int64, Int) -> Void) { jobs.forEach { body($0, Int($1)) } }

    private func union(_ set: UInt32, _ key: Int64) -> UInt32 {
        let pair = Union(set: set, key: key)
        if let union = unions[pair] { return union }
        let keys = sets[Int(set)]
        let union = keys.contains(key) ? set : number(of: (keys + [key]).sorted())
        unions[pair] = union
        return union
    }

    private func number(of keys: [Int64]) -> UInt32 {
        if let set = known[keys] { return set }
        let set = UInt32(sets.count)
        sets.append(keys)
        known[keys] = set
        return set
    }
}
