import Record

extension RunFlags {
    /// Those that the record itself says.
    init(_ record: UsageRecord) {
        self = []
        if record.isCompute == true { insert(.compute) }
        if record.isStaff == true { insert(.staff) }
    }
}

extension RunDelta {
    mutating func add(_ record: UsageRecord, time: Int64) {
        add(elapsed: record.elapsed, end: record.end, hasRank: record.rank != nil, time: time)
    }

    mutating func add(elapsed: Double?, end: ProcessEnd?, hasRank: Bool, time: Int64) {
        processes += 1
        if hasRank { ranks += 1 }
        switch end {
        case .exception: exceptions += 1
        case .signal: signals += 1
        case .killed: killed += 1
        case .exit, .running, nil: break
        }
        firstSeen = min(firstSeen, time)
        lastSeen = max(lastSeen, time)
        started = min(started, time - RunDelta.lifetime(elapsed))
    }

    /// Microseconds. No process lives for a century, or less than no time: such a claim is nonsense and must not overflow.
    static func lifetime(_ elapsed: Double?) -> Int64 {
        elapsed.map { $0 > 0 ? Int64(min($0, 3.2e9) * 1e6) : 0 } ?? 0
    }
}
