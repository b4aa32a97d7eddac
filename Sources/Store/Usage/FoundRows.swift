/// The ids of things that were looked up by their fingerprints.
struct FoundRows {
    /// In the order of the things.
    let ids: [Int64]
    /// How often a fingerprint was another thing's.
    let conflicts: UInt64

    /// Looks things up in one transaction. Where a row is another thing's, it goes on with the next fingerprint.
    ///
    /// - Parameters:
    ///   - count: the number of things.
    ///   - kind: the things' name in an error.
    ///   - rows: gives the ids of the things at some places, without those whose fingerprint is another one's.
    /// - Throws: `StoreError.busy` if all fingerprints of a thing are others', and what `rows` throws.
    static func find(
        _ count: Int, _ kind: String, on connection: some SQLConnection,
        _ rows: (_ places: [Int], _ attempt: Int) throws(StoreError) -> [(place: Int, id: Int64)]
    ) throws(StoreError) -> FoundRows {
        try connection.transaction(waitsForDisk: false) { () throws(StoreError) -> FoundRows in
            var ids = [Int64](repeating: -1, count: count)
            var left = Array(0..<count)
            var conflicts: UInt64 = 0
            for attempt in 0..<Fingerprints.attempts {
                for (place, id) in try rows(left, attempt) { ids[place] = id }
                left.removeAll { ids[$0] >= 0 }
                if left.isEmpty { return FoundRows(ids: ids, conflicts: conflicts) }
                conflicts += UInt64(left.count)
            }
            throw .busy("the fingerprints of \(left.count) \(kind) are those of others")
        }
    }
}
