import Record

/// The changes of a batch in the merger's memory, so that a batch that the store refuses can be undone.
///
/// It notes new values. Only the waiting parts are kept as a whole, and a copy of them costs nothing until they change.
struct BatchUndo: Sendable {
    /// The waiting parts, and the identities of the restored ones, before the batch; nil if the batch has not changed
    /// them.
    private(set) var parts: (PartAssembly, Set<RecordID>)?
    var newIDs: [RecordID] = []
    /// The former state of processes that snapshots told of, in the order of the changes.
    var living: [(id: RecordID, before: LivingProcesses.Process?)] = []
    /// The former claims of jobs on which the batch has more; nil if there were none.
    var claims: [(job: Int32, before: JobClaim?)] = []

    mutating func keep(_ parts: PartAssembly, _ restored: Set<RecordID>) {
        if self.parts == nil { self.parts = (parts, restored) }
    }

    mutating func reset() {
        parts = nil
        newIDs.removeAll(keepingCapacity: true)
        living.removeAll(keepingCapacity: true)
        claims.removeAll(keepingCapacity: true)
    }
}
