/// What has been claimed of jobs so far, by their symbols: these count up from 1, so that a place in an array is enough.
struct JobClaims: Sendable {
    private var claims: [JobClaim] = []
    /// Where a job stands in the batch at hand, if it does; otherwise where it stood in an earlier one.
    private var places: [Int32] = []
    /// Further jobs of a number that has come round again, by the number's own symbol, in the order of their first days.
    private var again: [Int32: [Int32]] = [:]
    /// So that nobody can make more and more jobs of one number: whatever comes then is of the nearest one.
    private static let mostAgain = 100

    /// nil where nothing is known.
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

    /// - Parameter job: one of which something is known.
    mutating func note(place: Int, of job: Int32) { places[Int(job)] = Int32(truncatingIfNeeded: place) }

    /// The job of a number that was there on some days: its symbol; nil if it is none of those that are known.
    ///
    /// - Parameter number: the symbol of the number, which is that of its first job.
    func job(of number: Int32, _ span: JobSpan) -> Int32? {
        guard let known = self[number]?.span, !known.isNear(span) else { return number }
        guard let jobs = again[number] else { return nil }
        let place = place(of: span, in: jobs)
        // what is overlooked here is found by the store
        for job in jobs[max(0, place - 2)..<min(jobs.count, place + 2)] where self[job]?.span?.isNear(span) ?? true {
            return job
        }
        return jobs.count < JobClaims.mostAgain ? nil : jobs[min(place, jobs.count - 1)]
    }

    /// How many jobs of the number are known.
    func count(of number: Int32) -> Int { 1 + (again[number]?.count ?? 0) }

    mutating func note(job: Int32, again number: Int32, _ span: JobSpan) {
        var jobs = again.removeValue(forKey: number) ?? []
        jobs.insert(job, at: place(of: span, in: jobs))
        again[number] = jobs
    }

    /// Where a job of these days belongs.
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

    /// No job has this symbol.
    private static let none = JobClaim(job: 0)
}
