import Checksum
import Record

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
        try FoundRows.find(symbols.count, "environments", on: connection) { places, attempt throws(StoreError) in
            try rows(of: places, attempt: attempt, on: connection)
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
