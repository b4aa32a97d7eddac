/// A digest: what a process adds to its run, and the run's hash. For a record of a known run the writer needs nothing
/// else.
///
/// The receiving thread makes it when it checks a record, and puts it beside the record in the journal. So the writer
/// need not read the record again for each process of a run.
public struct RunDigest: Sendable, Equatable {
    public let id: RecordID
    /// Microseconds since 1970 UTC; nil if the record has no time.
    public let eventTime: Int64?
    /// Seconds since the interpreter started.
    public let elapsed: Double?
    public let end: ProcessEnd?
    public let hasRank: Bool
    /// The run's hash, as `RunHasher` makes it.
    public let runHash: RunHash
    /// The host's hash, likewise; nil if the record names no host.
    public let hostHash: HostHash?

    public init(
        id: RecordID, eventTime: Int64?, elapsed: Double?, end: ProcessEnd?, hasRank: Bool, runHash: RunHash,
        hostHash: HostHash? = nil
    ) {
        self.id = id
        self.eventTime = eventTime
        self.elapsed = elapsed
        self.end = end
        self.hasRank = hasRank
        self.runHash = runHash
        self.hostHash = hostHash
    }

    /// - Returns: nil if the record is not simply one more process of a run, or is too long.
    public init?(_ record: UsageRecord, _ envelope: Envelope, by hasher: inout RunHasher) {
        guard !record.isLegacy, record.unknownKeys == 0, record.canary == nil, record.end != .running,
            (record.parts ?? 1) <= 1, record.numNodes ?? 0 <= UsageRecord.mostNodes,
            let runHash = hasher.hash(of: record, envelope)
        else { return nil }
        self.init(
            id: record.id, eventTime: record.eventTime, elapsed: record.elapsed, end: record.end,
            hasRank: record.rank != nil, runHash: runHash, hostHash: hasher.hash(ofHost: record))
    }
}

/// The layout, little-endian:
///
///     offset  0  u64  record's identity, high half
///             8  u64  low half
///            16  u64  run's hash, high half
///            24  u64  low half
///            32  i64  event time
///            40  f64  elapsed
///            48  u8   flags: 1 = event time present, 2 = elapsed present, 4 = end present, 8 = rank present
///            49  u8   end
///            50  u48  host's hash; 0 without a host, and in earlier versions
extension RunDigest {
    static let byteCount = 56
    /// The size of digests in journals of earlier versions. Their runs' hashes have 64 bits and are of no use.
    static let formerByteCount = 48

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == RunDigest.byteCount else { return nil }
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        let flags = bytes[48]
        self.init(
            id: RecordID(high: word(0), low: word(8)),
            eventTime: flags & 1 != 0 ? Int64(bitPattern: word(32)) : nil,
            elapsed: flags & 2 != 0 ? Double(bitPattern: word(40)) : nil,
            end: flags & 4 != 0 ? ProcessEnd(rawValue: bytes[49]) : nil, hasRank: flags & 8 != 0,
            runHash: RunHash(high: word(16), low: word(24)), hostHash: HostHash(stored: word(48) >> 16))
    }

    func append(to output: inout [UInt8]) {
        var flags: UInt64 = 0
        if eventTime != nil { flags |= 1 }
        if elapsed != nil { flags |= 2 }
        if let end { flags |= 4 | UInt64(end.rawValue) << 8 }
        if hasRank { flags |= 8 }
        flags |= (hostHash?.value ?? 0) << 16
        let words = (
            id.high.littleEndian, id.low.littleEndian, runHash.high.littleEndian, runHash.low.littleEndian,
            (eventTime ?? 0).littleEndian, (elapsed ?? 0).bitPattern.littleEndian, flags.littleEndian
        )
        withUnsafeBytes(of: words) { output.append(contentsOf: $0) }
    }
}
