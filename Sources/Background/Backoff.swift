/// The wait before another attempt: it grows with each failure in a row.
struct Backoff {
    /// Failures in a row.
    private(set) var failures = 0
    /// The wait after a success, milliseconds.
    private let interval: Int

    private static let longestWait = 300_000

    init(interval: Int) { self.interval = interval }

    /// The present wait, milliseconds.
    var wait: Int {
        failures == 0 ? interval : min(interval << min(failures, 10), max(interval, Backoff.longestWait))
    }

    /// The attempt has failed.
    ///
    /// - Returns: whether to log it: at the first failure, the second, the fourth and so on.
    mutating func failed() -> Bool {
        failures += 1
        return failures & (failures - 1) == 0
    }

    /// The attempt has succeeded.
    ///
    /// - Returns: whether the one before it failed.
    mutating func succeeded() -> Bool {
        defer { failures = 0 }
        return failures > 0
    }
}
