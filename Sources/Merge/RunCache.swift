import Record

/// The runs of the present batch by their records' hashes, so that the values that a run's processes share are looked
/// up only once.
///
/// Values of a record outside of the hash matter only for the first process of a run. Claiming the same of a job twice
/// changes nothing.
struct RunCache: Sendable {
    private struct Key: Hashable {
        let runHash: RunHash
        let day: Int32

        /// Of one word, because a run's hash is one already.
        func hash(into hasher: inout Hasher) {
            hasher.combine(runHash.low &+ UInt64(truncatingIfNeeded: day))
        }
    }

    /// A run's index in the batch, and whether records with this hash claim another name than their user's.
    struct Entry {
        let run: Int
        let hasForeignName: Bool
    }

    private var runs: [Key: Entry] = [:]
    /// Lookups in the present batch.
    private var asked = 0
    private var found = 0
    /// The number of batches for which no run is looked up, because the last one had too few hits.
    private var batchesDisabled = 0

    var isDisabled: Bool { batchesDisabled > 0 }

    /// - Returns: nil if no run was noted.
    mutating func find(_ runHash: RunHash, day: Int32) -> Entry? {
        guard let run = runs[Key(runHash: runHash, day: day)] else { return nil }
        asked += 1
        found += 1
        return run
    }

    /// Notes the run of a record for which `find` has found nothing.
    mutating func note(_ run: Entry, _ runHash: RunHash, day: Int32) {
        asked += 1
        runs[Key(runHash: runHash, day: day)] = run
    }

    mutating func reset() {
        if batchesDisabled > 0 {
            batchesDisabled -= 1
        } else if asked >= 1_000 && found * 4 < asked {
            batchesDisabled = 7
        }
        asked = 0
        found = 0
        runs.removeAll(keepingCapacity: true)
    }
}
