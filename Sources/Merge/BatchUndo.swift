import Record

/// What a batch has changed in the merger's memory, so that a batch that the store refuses can be taken back.
///
/// It notes what is new; only the parts that wait are kept as a whole, and a copy of them costs nothing until they change.
struct BatchUndo: Sendable {
    /// The parts that waited, and the identities of those restored, before the batch; nil if it has not touched them.
    private(set) var parts: (PartAssembly, Set<RecordID>)?
    var newIDs: [RecordID] = []
    var newSnapshots: [RecordID] = []
    /// What was known of jobs of which the batch knows more; nil where that was nothing.
    var claims: [(job: Int32, before: JobClaim?)] = []

    mutating func keep(_ parts: PartAssembly, _ restored: Set<RecordID>) {
        if self.parts == nil { self.parts = (parts, restored) }
    }

    mutating func reset() {
        parts = nil
        newIDs.removeAll(keepingCapacity: true)
        newSnapshots.removeAll(keepingCapacity: true)
        claims.removeAll(keepingCapacity: true)
    }
}
