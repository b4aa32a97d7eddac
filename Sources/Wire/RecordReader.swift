import Record

/// Reads the members of one JSON record into a `UsageRecord`, and judges it once the whole text is known to be JSON.
///
/// A text that is not JSON is rejected for that, whatever else is wrong with it. So faults of values are only noted
/// while reading. Of members with the same name the last counts, and so do its faults.
struct RecordReader {
    var scanner: JSONScanner
    let keys: KeyTable
    /// The largest number of members of `packages`, and of elements of `direct`.
    let packageLimit: Int
    /// The keys whose last value in the record is not null.
    var given = KeySet()
    var faults = Faults()
    private var legacy = LegacyMembers()

    @inline(__always)
    init(scanner: JSONScanner, keys: KeyTable, packageLimit: Int) {
        self.scanner = scanner
        self.keys = keys
        self.packageLimit = packageLimit
    }

    /// Reads the whole text.
    ///
    /// - Returns: nil if the record is accepted.
    mutating func read(into record: inout UsageRecord) throws(JSONError) -> RejectReason? {
        scanner.skipWhitespace()
        guard !scanner.isAtEnd else { return .empty }
        guard scanner.byte == UInt8(ascii: "{") else {
            try scanner.skipValue(depth: 0)
            try finish()
            return .noRecord
        }
        var hasMember = try scanner.enter(close: closingBrace, depth: 1)
        while hasMember {
            let key = try scanner.key(keys)
            try scanner.colon()
            given.insert(key)
            faults.clear(key)
            try readValue(of: key, into: &record)
            hasMember = try scanner.next(close: closingBrace)
        }
        try finish()
        return verdict(on: &record)
    }

    private mutating func finish() throws(JSONError) {
        scanner.skipWhitespace()
        guard scanner.isAtEnd else { throw .syntax }
    }

    @inline(__always)
    private mutating func readValue(of key: RecordKey, into record: inout UsageRecord) throws(JSONError) {
        switch key {
        case .version: try readVersion()
        case .id: try readID(into: &record)
        case .packages: try readPackages(into: &record)
        case .eventTimestamp: record.eventTime = try time(key)
        case .elapsed: record.elapsed = try seconds(key)
        case .host: record[.host] = try text(key)
        case .pid: record.pid = try integer(key, in: natural)
        case .ppid: record.ppid = try integer(key, in: natural)
        case .username: record[.username] = try text(key)
        case .uid: record.uid = try integer(key, in: 0...Int64(UInt32.max))
        case .executable: record[.executable] = try text(key)
        case .prefix: record[.prefix] = try text(key)
        case .python: record[.python] = try text(key)
        case .implementation: record[.implementation] = try text(key)
        case .main: record[.main] = try text(key)
        case .direct: try readDirect(into: &record)
        case .end: record.end = try processEnd(key)
        case .isCompute: record.isCompute = try boolean(key)
        case .isShifter: record.isShifter = try boolean(key)
        case .isStaff: record.isStaff = try boolean(key)
        case .container: record[.container] = try text(key)
        case .system: record[.system] = try text(key)
        case .subsystem: record[.subsystem] = try text(key)
        case .cluster: record[.cluster] = try text(key)
        case .jobID: record[.jobID] = try text(key)
        case .stepID: record[.stepID] = try text(key)
        case .arrayJobID: record.arrayJobID = try integer(key, in: natural)
        case .arrayTaskID: record.arrayTaskID = try integer(key, in: natural)
        case .hetGroup: record.hetGroup = try integer(key, in: natural)
        case .restart: record.restart = try integer(key, in: natural)
        case .numNodes: record.numNodes = try integer(key, in: natural)
        case .numTasks: record.numTasks = try integer(key, in: natural)
        case .rank: record.rank = try integer(key, in: natural)
        case .qos: record[.qos] = try text(key)
        case .repo: record[.account] = try text(key)
        case .partition: record[.partition] = try text(key)
        case .canary: try readCanary(into: &record)
        case .part: record.part = try integer(key, in: 1...mostParts)
        case .parts: record.parts = try integer(key, in: 1...mostParts)
        case .service: legacy.service = try legacyText(key)
        case .subservice: legacy.subservice = try legacyText(key)
        case .libraryVersion: legacy.version = try legacyText(key)
        case .user: legacy.user = try legacyText(key)
        case .hostname: legacy.hostname = try legacyText(key)
        case .run, .sequence, .of, .unknown:
            record.unknownKeys += 1
            try scanner.skipValue(depth: 1)
        }
    }

    private mutating func legacyText(_ key: RecordKey) throws(JSONError) -> TextRange {
        legacy.count += 1
        return try text(key)
    }

    // MARK: Judgement

    private mutating func verdict(on record: inout UsageRecord) -> RejectReason? {
        guard given.contains(.version) else {
            return given.contains(.service) ? legacyVerdict(on: &record) : .missingKey
        }
        record.unknownKeys += legacy.count
        if !faults.isEmpty {
            for key in LegacyMembers.keys { faults.clear(key) }
            if let reason = faults[.version] { return reason }
        }
        guard given.contains(.id), given.contains(.packages) else { return .missingKey }
        if let reason = faults.first { return reason }
        switch (record.part, record.parts) {
        case (nil, nil): return nil
        case (let part?, let parts?) where part <= parts: return nil
        default: return .badValue
        }
    }

    /// Makes a record from a message of the older form, which names one library and has no identity.
    private mutating func legacyVerdict(on record: inout UsageRecord) -> RejectReason? {
        guard isText(legacy.service, "Python") else { return .otherService }
        for key in LegacyMembers.withoutMeaning { faults.clear(key) }
        record.id = RecordID(high: 0, low: 0)
        record.part = nil
        record.parts = nil
        guard given.contains(.subservice) else { return .missingKey }
        if let reason = faults.first { return reason }
        guard legacy.subservice.count > 0 else { return .badValue }
        record.isLegacy = true
        record.packages.removeAll(keepingCapacity: true)
        record.packages.append(PackageUse(name: legacy.subservice, version: legacy.version))
        if !record[.username].isPresent { record[.username] = legacy.user }
        if !record[.host].isPresent { record[.host] = legacy.hostname }
        return nil
    }
}

/// The largest number that `parts` may be.
private let mostParts: Int64 = 64
/// The range of process ids, counts and ranks: PostgreSQL's integer without negative numbers.
private let natural: ClosedRange<Int64> = 0...Int64(Int32.max)

/// Members of the older form only; in version 1 these names are unknown.
private struct LegacyMembers {
    static let keys: [RecordKey] = [.service, .subservice, .libraryVersion, .user, .hostname]
    /// Keys that the older form does not have: there, such a name has another meaning and is ignored.
    static let withoutMeaning: [RecordKey] = [.id, .packages, .part, .parts]

    var service = TextRange.absent
    /// The name of the library.
    var subservice = TextRange.absent
    /// The library's version.
    var version = TextRange.absent
    var user = TextRange.absent
    var hostname = TextRange.absent
    /// The number of members with one of these names.
    var count = 0
}

/// The keys whose last value cannot be accepted, and the reasons.
struct Faults {
    private var keys = KeySet()
    private var reasons = InlineArray<64, RejectReason>(repeating: .badValue)

    /// Notes a fault. Of several faults of one value the first is kept.
    mutating func note(_ key: RecordKey, _ reason: RejectReason) {
        guard !keys.contains(key) else { return }
        keys.insert(key)
        reasons[Int(key.rawValue)] = reason
    }

    @inline(__always)
    mutating func clear(_ key: RecordKey) { keys.remove(key) }

    var isEmpty: Bool { keys.bits == 0 }

    subscript(key: RecordKey) -> RejectReason? { keys.contains(key) ? reasons[Int(key.rawValue)] : nil }

    /// The fault of the key that comes first in `RecordKey`.
    var first: RejectReason? { isEmpty ? nil : reasons[keys.bits.trailingZeroBitCount] }
}
