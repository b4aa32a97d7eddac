import Checksum
import Record

/// The ids of things that were looked up by their fingerprints.
struct FoundRows {
    /// In the order of the symbols.
    let ids: [Int64]
    /// How often a fingerprint was another thing's.
    let conflicts: UInt64
}

/// Finds or makes the rows of environments.
struct EnvironmentRows {
    private let symbols: [Int32]
    private let vocabulary: Vocabulary
    private let fingerprints: Fingerprints
    private static let texts = ["prefix", "python", "implementation", "container", "system", "subsystem"]

    init(_ symbols: [Int32], _ vocabulary: Vocabulary, _ fingerprints: Fingerprints) {
        self.symbols = symbols
        self.vocabulary = vocabulary
        self.fingerprints = fingerprints
    }

    func resolve(on connection: some SQLConnection) throws(StoreError) -> FoundRows {
        try connection.transaction(waitsForDisk: false) { () throws(StoreError) -> FoundRows in
            var ids = [Int64](repeating: -1, count: symbols.count)
            var left = Array(symbols.indices)
            var conflicts: UInt64 = 0
            for attempt in 0..<Fingerprints.attempts {
                for (place, id) in try rows(of: left, attempt: attempt, on: connection) { ids[place] = id }
                left.removeAll { ids[$0] >= 0 }
                if left.isEmpty { return FoundRows(ids: ids, conflicts: conflicts) }
                conflicts += UInt64(left.count)
            }
            throw .busy("the fingerprints of \(left.count) environments are those of others")
        }
    }

    /// The ids of the environments at some places, without those whose fingerprint is another one's.
    private func rows(
        of places: [Int], attempt: Int, on connection: some SQLConnection
    ) throws(StoreError) -> [(place: Int, id: Int64)] {
        let dimension = Dimension.environment.rawValue
        if attempt > 0 { try connection.query("DELETE FROM staged_keys WHERE dimension = \(dimension)") }
        try connection.stage(Staged.keys, count: places.count) { index, row in
            row.integer(Int64(dimension))
            row.integer(Int64(places[index]))
            vocabulary.withBytes(of: symbols[places[index]], .environment) { key in
                row.fingerprint(fingerprints.of(key, attempt: attempt))
                let texts = CompoundKey.texts(of: key)
                for place in 0..<6 { row.text(place < texts.count ? texts[place] ?? "" : "") }
            }
        }
        let columns = "fingerprint, \(EnvironmentRows.texts.joined(separator: ", "))"
        try connection.query(
            """
            INSERT INTO environments (\(columns)) SELECT \(columns) FROM staged_keys s
            WHERE s.dimension = \(dimension)
            AND NOT EXISTS (SELECT 1 FROM environments t WHERE t.fingerprint = s.fingerprint)
            ORDER BY fingerprint ON CONFLICT (fingerprint) DO NOTHING
            """)
        let isSame = EnvironmentRows.texts.map { "t.\($0) = s.\($0)" }.joined(separator: " AND ")
        return try connection.query(
            """
            SELECT s.ordinal, t.id FROM staged_keys s JOIN environments t ON t.fingerprint = s.fingerprint
            WHERE s.dimension = \(dimension) AND \(isSame)
            """
        ).compactMap { row in
            guard let place = row[0].integer, let id = row[1].integer else { return nil }
            return (Int(place), id)
        }
    }
}
