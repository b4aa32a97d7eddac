/// The position of a source in the store: the committed one, and the one on disk.
///
/// A commit need not wait for the disk. Databases write their logs in order. So a position is on disk once the log is
/// on disk up to its end after the commit.
public struct DurablePosition: Sendable {
    /// The position that the store has confirmed; nil before that is known.
    public private(set) var committed: SourcePosition?
    /// The position that survives a crash of the store's machine; nil before that is known.
    public private(set) var onDisk: SourcePosition?
    private var waiting: [(logEnd: Int64, position: SourcePosition)] = []

    public init() {}

    public init(committed: SourcePosition?) { self.committed = committed }

    /// Whether something has been committed that may not be on disk yet.
    public var isWaiting: Bool { !waiting.isEmpty }

    public var hasEntries: Bool { (committed?.sequence ?? 0) > 0 }

    public mutating func commit(_ position: SourcePosition) { committed = position }

    /// Notes that the last commit has waited for the disk: the log is in order, so all before it is there too.
    public mutating func settle() {
        waiting = []
        onDisk = committed
    }

    /// Notes how far the log is on disk.
    ///
    /// - Parameter position: that of a commit that may not have waited for the disk; nil for none.
    public mutating func note(_ progress: LogProgress, after position: SourcePosition?) {
        if let position { waiting.append((progress.end, position)) }
        let safe = waiting.prefix { $0.logEnd <= progress.safe }
        if let last = safe.last { onDisk = last.position }
        waiting.removeFirst(safe.count)
    }

    /// Forgets what waits for the disk: the connection broke, and another server may answer now.
    public mutating func forgetLog() { waiting = [] }
}
