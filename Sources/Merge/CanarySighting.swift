import Record

/// A canary's record of a batch that the store's key proves.
public struct CanarySighting: Sendable, Equatable {
    public let run: String
    public let sequence: Int64
    public let of: Int64
    /// Microseconds since 1970 UTC.
    public let arrival: Int64

    struct Mark: Hashable, Sendable {
        let run: ExactText
        let sequence: Int64
    }

    var mark: Mark { Mark(run: ExactText(run), sequence: sequence) }
}

extension Batch {
    /// Takes a canary's record. It counts as rejected if the key does not prove it.
    mutating func count(_ mark: CanaryMark, of record: UsageRecord, _ envelope: Envelope, provenBy key: CanaryKey) {
        let name = record.string(mark.run) ?? ""
        guard let run = key.batch(ofRun: name, sequence: mark.sequence, of: mark.of) else {
            return counters.add(1, to: IngestCounters.rejected(.unprovenCanary))
        }
        // another sender can have read the record on its way, and sent it again under another identity
        let isNew = note(CanarySighting(run: run, sequence: mark.sequence, of: mark.of, arrival: envelope.arrival))
        counters.add(1, to: isNew ? IngestCounters.stored : IngestCounters.duplicate)
    }
}
