import Record

/// The key of a run's row. It sorts runs by day and job, so that new ones lie together at the end of an index: 2 bytes
/// day since 1970, 6 bytes the number at the head of the job id, 8 bytes hash of all that defines the run.
///
/// The hash is keyed. Moreover a process is added only to a row that agrees with it in all columns (`RunRows`): a hash
/// of 64 bits finds a run, and does not decide what is one.
public struct RunID: Hashable, Sendable, Comparable {
    public let high: UInt64
    public let low: UInt64

    public init(day: Int32, jobNumber: UInt64, hash: UInt64) {
        high = UInt64(UInt16(clamping: day)) << 48 | min(jobNumber, RunID.greatestJobNumber)
        low = hash
    }

    private static let greatestJobNumber: UInt64 = 1 << 48 - 1

    /// The number at the beginning of a job id, as far as a key has room for it; 0 if there is none, or none of 64
    /// bits.
    public static func jobNumber(_ jobID: UnsafeRawBufferPointer) -> UInt64 {
        var number: UInt64 = 0
        for digit in jobID.lazy.map({ $0 &- UInt8(ascii: "0") }).prefix(while: { $0 < 10 }) {
            let (tens, tooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = tens.addingReportingOverflow(UInt64(digit))
            if tooLarge || overflows { return 0 }
            number = sum
        }
        return min(number, greatestJobNumber)
    }

    public static func < (left: RunID, right: RunID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    init?(bytes: [UInt8]) {
        guard let words = RecordID(bytes: bytes) else { return nil }
        high = words.high
        low = words.low
    }
}
