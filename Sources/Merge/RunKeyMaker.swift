import Record

/// The definition of a run: makes a record's `RunKey`.
struct RunKeyMaker: Sendable {
    private(set) var vocabulary: Vocabulary
    private var stackReader = StackReader()
    private var compound = CompoundKey()
    private var names: UserNames
    /// Empty if no cluster is known.
    private let homeCluster: String
    private var clippedTexts: UInt64 = 0
    /// Whether the name in the last record is another one than its user's.
    private(set) var hasForeignName = false
    var budget: NameBudget

    /// - Parameter homeCluster: the cluster of jobs whose records name none; empty if unknown.
    init(vocabulary: Vocabulary, homeCluster: String, names: UserNames, budget: NameBudget) {
        self.budget = budget
        self.vocabulary = vocabulary
        self.homeCluster = homeCluster
        self.names = names
    }

    /// - Parameters:
    ///   - day: the day on which the record counts.
    ///   - job: the result of `jobNumber`.
    mutating func key(of record: UsageRecord, _ envelope: Envelope, day: Int32, job: Int32) -> RunKey {
        RunKey(
            day: day,
            cluster: cluster(record),
            job: job,
            step: job == 0 ? 0 : symbol(record, .stepID, .step),
            user: user(record, envelope),
            executable: symbol(record, .executable, .executable),
            program: symbol(record, .main, .program),
            stack: stackReader.symbol(for: record, in: &vocabulary[.stack], &budget),
            environment: environment(record), relay: relay(envelope), flags: RunFlags(record, envelope))
    }

    /// The symbol of the record's cluster, job id and restart, which jobs that are years apart can share; 0 outside
    /// a job.
    mutating func jobNumber(of record: UsageRecord) -> Int32 {
        if record[.jobID].isEmpty { return 0 }
        compound.reset()
        if record[.cluster].isEmpty { compound.append(homeCluster) } else { append(record, .cluster) }
        append(record, .jobID)
        compound.append(number: record.restart ?? 0)
        return compound.bytes.withUnsafeBytes { vocabulary[.job].symbol(for: $0) }
    }

    /// The symbol of a job with a reused number.
    ///
    /// - Parameter count: how many jobs of the number are known already.
    mutating func job(of number: Int32, again count: Int) -> Int32 {
        compound.reset()
        compound.append(vocabulary.withBytes(of: number, .job) { CompoundKey.texts(of: $0) })
        compound.append(number: Int64(count))
        return compound.bytes.withUnsafeBytes { vocabulary[.job].symbol(for: $0) }
    }

    /// The symbol of one of the record's texts, clipped to what every store takes.
    mutating func symbol(_ record: UsageRecord, _ field: TextField, _ dimension: Dimension) -> Int32 {
        let range = record[field]
        if range.isEmpty { return 0 }
        return record.withBytes(of: range) { bytes in
            if bytes.count > maximumTextBytes { clippedTexts += 1 }
            return symbol(clipped(bytes), dimension)
        }
    }

    /// The symbol of a name, or of `other` if the name is new and the sender's budget is spent.
    private mutating func symbol(_ bytes: UnsafeRawBufferPointer, _ dimension: Dimension) -> Int32 {
        let found = vocabulary[dimension].symbol(for: bytes) { budget.admits(bytes, of: dimension) }
        if let found { return found }
        var other = NameBudget.other
        return other.withUTF8 { vocabulary[dimension].symbol(for: UnsafeRawBufferPointer($0)) }
    }

    /// The number of texts that were cut since the last call.
    mutating func takeClippedTexts() -> UInt64 {
        defer { clippedTexts = 0 }
        return clippedTexts
    }

    var isFull: Bool { vocabulary.isFull || stackReader.isFull }

    /// Forgets all symbols once there are too many.
    ///
    /// - Returns: whether earlier symbols are invalid now.
    mutating func emptyIfFull() -> Bool {
        let isFull = vocabulary.isFull
        if isFull { vocabulary.empty() }
        if isFull || stackReader.isFull { stackReader.empty() }
        return isFull
    }

    /// The user whom the kernel or the record names.
    ///
    /// The kernel proves a uid. The machine's user database gives its name, whatever the record claims; without one it
    /// is `#UID`. Root may speak for others: sweeps and relays run as root. A name of a form that the store gives to
    /// users without a name counts as none.
    private mutating func user(_ record: UsageRecord, _ envelope: Envelope) -> Int32 {
        if let uid = envelope.uid, uid != 0 { return user(proven: uid, record, now: envelope.arrival) }
        let claimed = symbol(record, .username, .user)
        let isReserved = record.withBytes(of: record[.username], ReservedName.matches)
        let user = claimed != 0 && !isReserved ? claimed : claimedUser(record.uid)
        hasForeignName = isReserved && claimed != user
        return user
    }

    private mutating func user(proven uid: UInt32, _ record: UsageRecord, now: Int64) -> Int32 {
        let claimed = symbol(record, .username, .user)
        var name: String? = names.name(of: uid, now: now)
        // many senders of other namespaces have the overflow uid, so it proves no name by itself
        if uid == RunKeyMaker.overflow, name.map({ namedUser($0) }) != claimed { name = nil }
        let user = name.map { namedUser($0) } ?? numberedUser(Int64(uid))
        hasForeignName = claimed != 0 && claimed != user || record.uid.map { $0 != Int64(uid) } ?? false
        return user
    }

    /// The uid that the kernel reports for a sender without one here: a sender in another user namespace
    /// (`user_namespaces(7)`).
    private static let overflow: UInt32 = 65_534

    private mutating func namedUser(_ name: String) -> Int32 {
        var name = clipped(name)
        return name.withUTF8 { vocabulary[.user].symbol(for: UnsafeRawBufferPointer($0)) }
    }

    private mutating func numberedUser(_ uid: Int64?) -> Int32 { uid.map { namedUser("#\($0)") } ?? 0 }

    /// The user with a uid that nothing proves, who is a new name like any other.
    private mutating func claimedUser(_ uid: Int64?) -> Int32 {
        guard let uid else { return 0 }
        var name = "#\(uid)"
        return name.withUTF8 { symbol(UnsafeRawBufferPointer($0), .user) }
    }

    /// The cluster of a record's job. With a cleared environment a process still knows its job number, from the name of
    /// its control group, but not its cluster.
    private mutating func cluster(_ record: UsageRecord) -> Int32 {
        guard record[.cluster].isEmpty, !record[.jobID].isEmpty, !homeCluster.isEmpty else {
            return symbol(record, .cluster, .cluster)
        }
        var name = homeCluster
        return name.withUTF8 { vocabulary[.cluster].symbol(for: UnsafeRawBufferPointer($0)) }
    }

    private mutating func environment(_ record: UsageRecord) -> Int32 {
        compound.reset()
        append(record, .prefix)
        append(record, .python)
        append(record, .implementation)
        if record[.container].isEmpty && record.isShifter == true {
            compound.append("shifter")
        } else {
            append(record, .container)
        }
        append(record, .system)
        append(record, .subsystem)
        let found = compound.bytes.withUnsafeBytes { bytes in
            vocabulary[.environment].symbol(for: bytes) { budget.admits(bytes, of: .environment) }
        }
        if let found { return found }
        compound.reset()
        compound.append(NameBudget.other)
        return compound.bytes.withUnsafeBytes { vocabulary[.environment].symbol(for: $0) }
    }

    private mutating func append(_ record: UsageRecord, _ field: TextField) {
        record.withBytes(of: record[field]) { bytes in compound.append(clipped(bytes)) }
    }

    private mutating func relay(_ envelope: Envelope) -> Int32 {
        guard var name = envelope.relay?.text else { return 0 }
        return name.withUTF8 { vocabulary[.relay].symbol(for: UnsafeRawBufferPointer($0)) }
    }
}
