import Synchronization

/// Whether the writer needs digests: it needs none while every record is a run of its own. The writer sets it, the
/// receiving threads read it.
public final class DigestDemand: Sendable {
    private let wanted = Atomic<Bool>(true)

    public init() {}

    public var isWanted: Bool { wanted.load(ordering: .relaxed) }

    public func set(_ isWanted: Bool) { wanted.store(isWanted, ordering: .relaxed) }
}
