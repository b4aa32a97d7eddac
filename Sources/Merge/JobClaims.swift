/// The claims on jobs so far, by the jobs' symbols. Symbols count up from 1, so an array index is enough.
struct JobClaims: Sendable {
    private var claims: [JobClaim] = []
    /// The job's index in the present batch, if it is there; otherwise its index in an earlier one.
    private var places: [Int32] = []
    /// Further jobs of a reused number, by the number's own symbol, in the order of their first days.
    private var again: [Int32: [Int32]] = [:]
    /// A limit, so that no sender can create any number of jobs with one number: beyond it, records go to the nearest
    /// job.
    private static let mostAgain = 100

    /// nil if nothing is known.
    subscript(job: Int32) -> JobClaim? {
        get {
            let index = Int(job)
            guard index < claims.count, claims[index].job == job else { return nil }
            return claims[index]
        }
        set {
            let index = Int(job)
            while claims.count <= index {
                claims.append(JobClaims.none)
                places.append(0)
            }
            claims[index] = newValue ?? JobClaims.none
        }
    }

    func place(of job: Int32, in jobs: [JobClaim]) -> Int? {
        let index = Int(job)
        guard index < places.count else { return nil }
        let place = Int(places[index])
        return place < jobs.count && jobs[place].job == job ? place : nil
    }

    /// - Parameter job: a job with known claims.
    mutating func note(place: Int, of job: Int32) { places[Int(job)] = Int32(truncatingIfNeeded: place) }

    /// The symbol of the job that had a number on some days; nil if it is not a known job.
    ///
    /// - Parameter number: the symbol of the number, which is also that of its first job.
    func job(of number: Int32, _ span: JobSpan) -> Int32? {
        guard let known = self[number]?.span, !known.isNear(span) else { return number }
        guard let jobs = again[number] else { return nil }
        let place = place(of: span, in: jobs)
        // a job that this search misses is found by the store
        for job in jobs[max(0, place - 2)..<min(jobs.count, place + 2)] where self[job]?.span?.isNear(span) ?? true {
            return job
        }
        return jobs.count < JobClaims.mostAgain ? nil : jobs[min(place, jobs.count - 1)]
    }

    /// The number of known jobs with this number.
    func count(of number: Int32) -> Int { 1 + (again[number]?.count ?? 0) }

    mutating func note(job: Int32, again number: Int32, _ span: JobSpan) {
        var jobs = again.removeValue(forKey: number) ?? []
        jobs.insert(job, at: place(of: span, in: jobs))
        again[number] = jobs
    }

    /// The index for a job of these days.
    private func place(of span: JobSpan, in jobs: [Int32]) -> Int {
        var (low, high) = (0, jobs.count)
        while low < high {
            let middle = (low + high) / 2
            if self[jobs[middle]]?.span?.first ?? .min < span.first { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func removeAll() {
        claims.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        again.removeAll()
    }

    /// A placeholder: symbol 0 is no job's.
    private static let none = JobClaim(job: 0)
}
