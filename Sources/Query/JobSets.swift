import Store

/// What each job used, as a set of numbers; there are many jobs and few different sets.
final class JobSets {
    /// The sets that jobs have, each in rising order. Set 0 is that of jobs that were not seen.
    private(set) var sets: [[Int64]] = [[]]
    private let jobs = NumberedValues<UInt32>(empty: 0)
    /// By the key, of keys that are small as numbers of rows are; 0 where there is none yet.
    private let singles = NumberedValues<UInt32>(empty: 0)
    private var known: [[Int64]: UInt32] = [[]: 0]
    private var unions: [Union: UInt32] = [:]

    private struct Union: Hashable {
        let set: UInt32
        let key: Int64
    }

    /// - Parameters:
    ///   - places: which of the rows count; those outside jobs do not.
    ///   - key: what was used in each row.
    func add(_ rows: DayRows, _ places: [Int], key: [Int64]) {
        let job = rows[.job]
        var page = NumberedValues<UInt32>.Page()
        var known = NumberedValues<UInt32>.Page()
        for row in places where job[row] > 0 {
            let single = known.place(of: key[row], in: singles)
            if single.pointee == 0 { single.pointee = number(of: [key[row]]) }
            let place = page.place(of: job[row], in: jobs)
            if place.pointee == single.pointee { continue }
            place.pointee = place.pointee == 0 ? single.pointee : union(place.pointee, key[row])
        }
    }

    /// The same key for all of them.
    func add(_ rows: DayRows, _ places: [Int], key: Int64) {
        let single = number(of: [key])
        let job = rows[.job]
        var page = NumberedValues<UInt32>.Page()
        for row in places where job[row] > 0 {
            let place = page.place(of: job[row], in: jobs)
            if place.pointee == single { continue }
            place.pointee = place.pointee == 0 ? single : union(place.pointee, key)
        }
    }

    /// How many jobs have each of the sets.
    var counts: [Int64] {
        var counts = [Int64](repeating: 0, count: sets.count)
        jobs.forEach { _, set in counts[Int(set)] += 1 }
        return counts
    }

    /// Hands over each job that was seen, and the place of its set.
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

/// A value for each job, or whatever else has a number, of those whose numbers lie mostly close together; all bits of it are 0 where there is none.
///
/// A year's ten million jobs are looked up one by one: pages are plain memory.
final class NumberedValues<Value: BitwiseCopyable & Equatable> {
    private static var pageBits: Int { 16 }
    private static var pageSize: Int { 1 << pageBits }
    private let empty: Value
    private var pages: [UnsafeMutablePointer<Value>?] = []

    /// - Parameter empty: the value without a bit that is set.
    init(empty: Value) { self.empty = empty }

    deinit { for page in pages { page?.deallocate() } }

    /// - Parameter job: not negative.
    subscript(_ job: Int64) -> Value {
        get {
            let page = Int(job) >> Self.pageBits
            guard page < pages.count, let values = pages[page] else { return empty }
            return values[Int(job) & (Self.pageSize - 1)]
        }
        set { page(Int(job) >> Self.pageBits)[Int(job) & (Self.pageSize - 1)] = newValue }
    }

    /// The page that was looked at last: of numbers in rising order most are on it.
    struct Page {
        private var number = -1
        private var values: UnsafeMutablePointer<Value>?

        /// Where the value is, for as long as `all` lives.
        @inline(__always)
        mutating func place(of number: Int64, in all: NumberedValues) -> UnsafeMutablePointer<Value> {
            let page = Int(number) >> pageBits
            if let values, page == self.number { return values + (Int(number) & (pageSize - 1)) }
            let found = all.page(page)
            self.number = page
            values = found
            return found + (Int(number) & (pageSize - 1))
        }
    }

    /// - Parameter page: not negative.
    private func page(_ page: Int) -> UnsafeMutablePointer<Value> {
        precondition(page >= 0)
        if page >= pages.count {
            pages += [UnsafeMutablePointer<Value>?](repeating: nil, count: page + 1 - pages.count)
        }
        if let known = pages[page] { return known }
        let values = UnsafeMutablePointer<Value>.allocate(capacity: Self.pageSize)
        values.initialize(repeating: empty, count: Self.pageSize)
        pages[page] = values
        return values
    }

    /// Hands over the jobs that have a value.
    func forEach(_ body: (Int64, Value) -> Void) {
        for (page, values) in pages.enumerated() {
            guard let values else { continue }
            for offset in 0..<Self.pageSize where values[offset] != empty {
                body(Int64(page << Self.pageBits + offset), values[offset])
            }
        }
    }
}
