/// The names that members of a record may have.
///
/// The order is that of the contract's table. If several values of a record are wrong, the reject reason names the
/// first.
enum RecordKey: UInt8, CaseIterable {
    case version, id, packages
    case eventTimestamp, elapsed, host, pid, ppid, username, uid, executable, prefix, python, implementation, main
    case direct, end, isCompute, isShifter, isStaff, container, system, subsystem, cluster
    case jobID, stepID, arrayJobID, arrayTaskID, hetGroup, restart, numNodes, numTasks, rank
    case qos, repo, partition, canary, part, parts
    /// Names that have a meaning only in messages of the older form.
    case service, subservice, libraryVersion, user, hostname
    /// Names that have a meaning only in the `canary` object.
    case run, sequence, of
    /// Any other name.
    case unknown

    /// The name in the JSON text; empty for `unknown`.
    var name: String {
        switch self {
        case .version: "v"
        case .id: "id"
        case .packages: "packages"
        case .eventTimestamp: "event_timestamp"
        case .elapsed: "elapsed"
        case .host: "host"
        case .pid: "pid"
        case .ppid: "ppid"
        case .username: "username"
        case .uid: "uid"
        case .executable: "executable"
        case .prefix: "prefix"
        case .python: "python"
        case .implementation: "implementation"
        case .main: "main"
        case .direct: "direct"
        case .end: "end"
        case .isCompute: "is_compute"
        case .isShifter: "is_shifter"
        case .isStaff: "is_staff"
        case .container: "container"
        case .system: "system"
        case .subsystem: "subsystem"
        case .cluster: "cluster"
        case .jobID: "job_id"
        case .stepID: "step_id"
        case .arrayJobID: "array_job_id"
        case .arrayTaskID: "array_task_id"
        case .hetGroup: "het_group"
        case .restart: "restart"
        case .numNodes: "num_nodes"
        case .numTasks: "num_tasks"
        case .rank: "rank"
        case .qos: "qos"
        case .repo: "repo"
        case .partition: "partition"
        case .canary: "canary"
        case .part: "part"
        case .parts: "parts"
        case .service: "service"
        case .subservice: "subservice"
        case .libraryVersion: "version"
        case .user: "user"
        case .hostname: "hostname"
        case .run: "run"
        case .sequence: "seq"
        case .of: "of"
        case .unknown: ""
        }
    }

    /// This key's bit in a `KeySet`.
    @inline(__always)
    var bit: UInt64 { 1 << UInt64(rawValue & 63) }
}

/// A set of keys, one bit each.
struct KeySet {
    private(set) var bits: UInt64 = 0

    @inline(__always)
    mutating func insert(_ key: RecordKey) { bits |= key.bit }

    @inline(__always)
    mutating func remove(_ key: RecordKey) { bits &= ~key.bit }

    @inline(__always)
    func contains(_ key: RecordKey) -> Bool { bits & key.bit != 0 }
}

/// Finds a key by its name: an open-addressed table whose hash is one multiplication.
///
/// A name of at most 16 bytes is two words: its bytes from the lowest up, followed by zeros. The names here differ in
/// their first eight bytes, so only that word is hashed.
struct KeyTable: @unchecked Sendable {
    static let shared = KeyTable()

    // The table is never written again and never freed; the process has one. A pointer saves the hot path an array's
    // reference counts and the check that a global is initialised.
    private let slots: UnsafePointer<Slot>

    private struct Slot {
        var first: UInt64 = 0
        var second: UInt64 = 0
        var key = RecordKey.unknown
    }

    private static let slotBits: UInt64 = 7
    /// A multiplier that puts each name into a slot of its own. Any odd number would work, but more slowly.
    private static let multiplier: UInt64 = 0xF416_64C9_4A6A_D227

    private init() {
        let count = 1 << Int(KeyTable.slotBits)
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: count)
        slots.initialize(repeating: Slot(), count: count)
        for key in RecordKey.allCases where key != .unknown {
            let (first, second) = Array(key.name.utf8).withUnsafeBytes { KeyTable.words(of: $0) }
            var index = KeyTable.index(of: first)
            while slots[index].key != .unknown { index = (index + 1) & (count - 1) }
            slots[index] = Slot(first: first, second: second, key: key)
        }
        self.slots = UnsafePointer(slots)
    }

    /// The key whose name has these words.
    @inline(__always)
    func find(_ first: UInt64, _ second: UInt64) -> RecordKey {
        var index = KeyTable.index(of: first)
        while true {
            let slot = slots + index
            if slot.pointee.first == first, slot.pointee.second == second { return slot.pointee.key }
            if slot.pointee.key == .unknown { return .unknown }
            index = (index &+ 1) & (1 << Int(KeyTable.slotBits) &- 1)
        }
    }

    /// The key of a name of any length.
    func find(_ name: UnsafeRawBufferPointer) -> RecordKey {
        guard name.count <= 16 else { return .unknown }
        let (first, second) = KeyTable.words(of: name)
        return find(first, second)
    }

    @inline(__always)
    private static func index(of first: UInt64) -> Int {
        Int(truncatingIfNeeded: (first &* multiplier) >> (64 &- slotBits))
    }

    private static func words(of name: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in name.enumerated() {
            if index < 8 {
                words.0 |= UInt64(byte) << UInt64(8 * index)
            } else {
                words.1 |= UInt64(byte) << UInt64(8 * (index - 8))
            }
        }
        return words
    }
}
