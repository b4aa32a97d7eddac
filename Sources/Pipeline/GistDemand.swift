import Synchronization

/// Tells those who check records whether whoever merges them has use for gists: of records that are a run each it has not.
final class GistDemand: Sendable {
    private let wanted = Atomic<Bool>(true)

    var isWanted: Bool { wanted.load(ordering: .relaxed) }

    func set(_ isWanted: Bool) { wanted.store(isWanted, ordering: .relaxed) }
}
