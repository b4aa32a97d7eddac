extension UsageRecord {
    /// Adds the packages and the direct use that another part of the same record names.
    public mutating func unite(with other: UsageRecord) {
        func moved(_ range: TextRange) -> TextRange {
            guard range.isPresent else { return .absent }
            defer { other.withBytes(of: range) { text.append(contentsOf: $0) } }
            return TextRange(start: Int32(text.count), count: range.count)
        }
        for use in other.packages {
            packages.append(PackageUse(name: moved(use.name), version: moved(use.version)))
        }
        for range in other.direct { direct.append(moved(range)) }
        directIsKnown = directIsKnown || other.directIsKnown
        unknownKeys += other.unknownKeys
        for field in TextField.allCases where !self[field].isPresent { self[field] = moved(other[field]) }
        eventTime = eventTime ?? other.eventTime
        elapsed = elapsed ?? other.elapsed
        end = end ?? other.end
        pid = pid ?? other.pid
        ppid = ppid ?? other.ppid
        uid = uid ?? other.uid
        restart = restart ?? other.restart
        numNodes = numNodes ?? other.numNodes
        numTasks = numTasks ?? other.numTasks
        rank = rank ?? other.rank
        arrayJobID = arrayJobID ?? other.arrayJobID
        arrayTaskID = arrayTaskID ?? other.arrayTaskID
        hetGroup = hetGroup ?? other.hetGroup
        isCompute = isCompute ?? other.isCompute
        isShifter = isShifter ?? other.isShifter
        isStaff = isStaff ?? other.isStaff
        canary =
            canary ?? other.canary.map { CanaryMark(run: moved($0.run), sequence: $0.sequence, of: $0.of) }
        part = nil
        parts = nil
    }
}
