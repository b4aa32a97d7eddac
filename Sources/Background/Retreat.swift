/// How long to wait before something is tried again: the longer, the more often it has failed.
struct Retreat {
    /// In a row.
    private(set) var failures = 0
    /// While all is well, milliseconds.
    private let interval: Int

    private static let longestWait = 300_000

    init(interval: Int) { self.interval = interval }

    /// Milliseconds.
    var wait: Int {
        failures == 0 ? interval : min(interval << min(failures, 10), max(interval, Retreat.longestWait))
    }

    /// It has not answered.
    ///
    /// - Returns: whether to say so: once an outage, and again when it is long.
    mutating func goOn() -> Bool {
        failures += 1
        return failures & (failures - 1) == 0
    }

    /// It has answered.
    ///
    /// - Returns: whether it did not before.
    mutating func end() -> Bool {
        defer { failures = 0 }
        return failures > 0
    }
}
