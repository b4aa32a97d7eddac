import Checksum
import Merge
import Record

/// Makes the fingerprints by which a store finds environments, stacks and runs.
///
/// They are keyed hashes, under a random key that the store keeps and all its daemons share. No sender knows the key,
/// so none can make two things with one fingerprint. And a fingerprint only finds a row: what is found is compared
/// with what was looked for. If they differ, the next fingerprint of the same thing is tried.
struct Fingerprints: Sendable {
    /// The number of fingerprints that a thing can have. It never needs the second one by chance.
    static let attempts = 4
    static let keyName = "fingerprint"

    private let key: SipHash.Key
    private var bytes: [UInt8] = []

    init(key: SipHash.Key) { self.key = key }

    /// - Throws: `StoreError.schema` without a key.
    init(of connection: any SQLConnection) throws(StoreError) {
        key = try Fingerprints.key(of: connection)
    }

    /// - Throws: `StoreError.schema` without a key.
    static func key(of connection: any SQLConnection) throws(StoreError) -> SipHash.Key {
        let found = try connection.query("SELECT value FROM store_keys WHERE name = ?", [.text(keyName)])
        guard let key = found.first?[0].bytes.flatMap(SipHash.Key.init) else {
            throw .schema("the table store_keys has lost its row '\(keyName)'; restore it from a backup")
        }
        return key
    }

    /// - Parameters:
    ///   - text: of an environment or a stack.
    ///   - attempt: 0 unless the fingerprints before it are those of other things.
    func of(_ text: UnsafeRawBufferPointer, attempt: Int) -> SipHash.Wide {
        SipHash.wide(text, key.variant(UInt64(attempt)))
    }

    /// - Parameters:
    ///   - resolver: has the ids of all names in the run.
    ///   - vocabulary: that of the run's symbols.
    mutating func of(_ run: RunDelta, _ resolver: SymbolResolver, _ vocabulary: Vocabulary, attempt: Int) -> RunID {
        let key = run.key
        func id(_ symbol: Int32, _ dimension: Dimension) -> Int32 {
            Int32(truncatingIfNeeded: resolver.id(symbol, dimension)).littleEndian
        }
        let numbers = (
            key.day.littleEndian, id(key.cluster, .cluster), id(key.step, .step), id(key.user, .user),
            id(key.executable, .executable), id(key.program, .program), id(key.stack, .stack),
            id(key.environment, .environment), id(key.relay, .relay), key.flags.rawValue.littleEndian
        )
        bytes.removeAll(keepingCapacity: true)
        withUnsafeBytes(of: numbers) { bytes.append(contentsOf: $0) }
        var jobNumber: UInt64 = 0
        if key.job != 0 {
            // the job's number, and not the id of its row: rows of jobs can become one later
            vocabulary.withBytes(of: key.job, .job) { text in
                bytes.append(contentsOf: text)
                jobNumber = CompoundKey.withText(1, of: text, RunID.jobNumber)
            }
        }
        let hash = bytes.withUnsafeBytes { SipHash.short($0, self.key.variant(UInt64(attempt))) }
        return RunID(day: key.day, jobNumber: jobNumber, hash: hash)
    }
}

extension RowWriter {
    mutating func fingerprint(_ value: SipHash.Wide) { uuid(high: value.high, low: value.low) }
}
