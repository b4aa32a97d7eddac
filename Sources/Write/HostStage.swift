/// Says when the counts of hosts are due for the store.
///
/// One statement for each commit would cost a store with thousands of hosts more than the records do. So a write waits
/// as long as makes up for the last one; with few hosts it follows at once.
struct HostStage {
    /// Milliseconds of rest for each row of a write, which takes some 5 us.
    private static let restForRow = 5
    /// When the next write is due, milliseconds of the monotonic clock.
    private var next = 0

    func isDue(now: Int) -> Bool { now >= next }

    mutating func note(rows: Int, now: Int) { next = now + rows * HostStage.restForRow }
}
