import Record

extension RunFlags {
    /// The flags of a record and of who vouches for its sender.
    init(_ record: UsageRecord, _ envelope: Envelope) {
        self = envelope.identity == .claimed ? [] : .vouched
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

    /// Microseconds: 0 if the record has no value, or an impossible one.
    static func lifetime(_ elapsed: Double?) -> Int64 {
        guard let elapsed, elapsed > 0, !isDoubted(elapsed) else { return 0 }
        return Int64(elapsed * 1e6)
    }

    /// Whether a record claims a longer life than a process can have.
    static func isDoubted(_ elapsed: Double?) -> Bool { elapsed.map { $0 > UsageRecord.longestLife } ?? false }
}

extension Envelope {
    /// The time at which a record counts, and whether it differs from the record's own, which lies more than a day
    /// ahead.
    func time(_ eventTime: Int64?) -> (time: Int64, isAhead: Bool) {
        let time = eventTime ?? headerTime ?? arrival
        return time > arrival + Calendar.microsecondsPerDay ? (arrival, true) : (time, false)
    }
}
