import Glibc

/// A place in the journal: between two entries.
public struct JournalPosition: Sendable, Equatable {
    /// The number of the next entry.
    public var sequence: UInt64
    /// The caller's running total up to here.
    public var tally: UInt64

    public init(sequence: UInt64, tally: UInt64) {
        self.sequence = sequence
        self.tally = tally
    }
}

public struct JournalLimits: Sendable {
    /// The size at which a segment is followed by a new one, bytes. It grows on while no new one can be opened.
    public var segmentBytes: Int
    /// The limit of all segments together on disk, bytes.
    public var maximumBytes: Int
    /// The time after which a released segment goes even if the memory of identifiers still needs it.
    public var retentionSeconds: Int

    public init(segmentBytes: Int = 64 << 20, maximumBytes: Int = 8 << 30, retentionSeconds: Int = 7 * 86_400) {
        self.segmentBytes = segmentBytes
        self.maximumBytes = maximumBytes
        self.retentionSeconds = retentionSeconds
    }
}

public enum JournalError: Error, Sendable, CustomStringConvertible {
    /// Another process has the journal open.
    case locked(directory: String)
    /// The journal has reached `JournalLimits.maximumBytes`, or the file system has no room. The caller can append the
    /// same entries again later.
    case full(String)
    /// A system call failed.
    case io(call: String, path: String, code: Int32)
    /// The directory holds something that this version does not understand.
    case foreign(String)

    public var isFull: Bool {
        if case .full = self { true } else { false }
    }

    /// Whether the process, or the machine, has reached its limit of open files.
    var isForWantOfDescriptors: Bool {
        if case .io(_, _, let code) = self { code == EMFILE || code == ENFILE } else { false }
    }

    public var description: String {
        switch self {
        case .locked(let directory): "\(directory) is in use by another process"
        case .full(let why): "the journal is full: \(why)"
        case .io(let call, let path, let code): "\(call) \(path): \(reason(code))"
        case .foreign(let why): why
        }
    }
}
