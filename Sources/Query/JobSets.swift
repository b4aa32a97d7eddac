/// What each job used, as a set of numbers; there are many jobs and few different sets.
struct JobSets {
    /// The sets that jobs have, each in rising order. Set 0 is that of jobs that were not seen.
    private(set) var sets: [[Int64]] = [[]]
    private var jobs = JobValues<UInt32>(empty: 0)
    private var singles: [Int64: UInt32] = [:]
    private var known: [[Int64]: UInt32] = [[]: 0]
    private var unions: [Union: UInt32] = [:]
    /// The last single that was asked for: rows of one job, and jobs of one program, come one after the other.
    private var last: (key: Int64, set: UInt32)?

    private struct Union: Hashable {
        let set: UInt32
        let key: Int64
    }

    mutating func add(job: Int64, key: Int64) {
        let single = set(ofOnly: key)
        let current = jobs[job]
        if current == single { return }
        jobs[job] = current == 0 ? single : union(current, key)
    }

    /// How many jobs have each of the sets.
    var counts: [Int64] {
        var counts = [Int64](repeating: 0, count: sets.count)
        jobs.forEach { _, set in counts[Int(set)] += 1 }
        return counts
    }

    /// Hands over each job that was seen, and the place of its set.
    func forEach(_ body: (Int64, Int) -> Void) { jobs.forEach { body($0, Int($1)) } }

    private mutating func set(ofOnly key: Int64) -> UInt32 {
        if let last, last.key == key { return last.set }
        let set: UInt32
        if let single = singles[key] {
            set = single
        } else {
            set = number(of: [key])
            singles[key] = set
        }
        last = (key, set)
        return set
    }

    private mutating func union(_ set: UInt32, _ key: Int64) -> UInt32 {
        let pair = Union(set: set, key: key)
        if let union = unions[pair] { return union }
        let keys = sets[Int(set)]
        let union = keys.contains(key) ? set : number(of: (keys + [key]).sorted())
        unions[pair] = union
        return union
    }

    private mutating func number(of keys: [Int64]) -> UInt32 {
        if let set = known[keys] { return set }
        let set = UInt32(sets.count)
        sets.append(keys)
        known[keys] = set
        return set
    }
}

/// A value for each job, of jobs whose numbers lie mostly close together.
struct JobValues<Value: Equatable> {
    private static var page: Int { 4_096 }
    private let empty: Value
    private var pages: [[Value]] = []

    /// - Parameter empty: the value of jobs that have none.
    init(empty: Value) { self.empty = empty }

    subscript(_ job: Int64) -> Value {
        get {
            let page = Int(job) / Self.page
            return page < pages.count && !pages[page].isEmpty ? pages[page][Int(job) % Self.page] : empty
        }
        set {
            let page = Int(job) / Self.page
            while page >= pages.count { pages.append([]) }
            if pages[page].isEmpty { pages[page] = [Value](repeating: empty, count: Self.page) }
            pages[page][Int(job) % Self.page] = newValue
        }
    }

    /// Hands over the jobs that have a value.
    func forEach(_ body: (Int64, Value) -> Void) {
        for (place, page) in pages.enumerated() {
            for (offset, value) in page.enumerated() where value != empty {
                body(Int64(place * Self.page + offset), value)
            }
        }
    }
}
