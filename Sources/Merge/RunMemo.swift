import Record

/// The runs of the batch at hand by the marks of their records, so that what the processes of a run share need be looked up
/// only once.
///
/// What a record says beyond its mark matters only for the first process of a run, and to claim the same of a job twice
/// changes nothing.
struct RunMemo: Sendable {
    private struct Key: Hashable {
        let mark: UInt64
        let day: Int32
    }

    private var runs: [Key: Int32] = [:]
    /// In the batch at hand.
    private var asked = 0
    private var found = 0
    /// For how many batches nothing is looked for, as the last one has shown that there is too little to be found.
    private var rest = 0

    var isResting: Bool { rest > 0 }

    /// - Returns: the run's index in the batch; nil if `note` has not told of it.
    mutating func find(_ mark: UInt64, day: Int32) -> Int? {
        guard let run = runs[Key(mark: mark, day: day)] else { return nil }
        asked += 1
        found += 1
        return Int(run)
    }

    /// Says the run of a record for which `find` has found nothing.
    mutating func note(run: Int, _ mark: UInt64, day: Int32) {
        asked += 1
        runs[Key(mark: mark, day: day)] = Int32(truncatingIfNeeded: run)
    }

    mutating func reset() {
        if rest > 0 {
            rest -= 1
        } else if asked >= 1_000 && found * 4 < asked {
            rest = 7
        }
        asked = 0
        found = 0
        runs.removeAll(keepingCapacity: true)
    }
}
