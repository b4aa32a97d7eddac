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
    /// A segment that has reached this size is followed by a new one, bytes; it grows on while none can be opened.
    public var segmentBytes: Int
    /// All segments together take at most this much of the disk, bytes.
    public var maximumBytes: Int

    public init(segmentBytes: Int = 64 << 20, maximumBytes: Int = 8 << 30) {
        self.segmentBytes = segmentBytes
        self.maximumBytes = maximumBytes
    }
}

public enum JournalError: Error, Sendable, CustomStringConvertible {
    /// Another process has the journal open.
    case locked(directory: String)
    /// The journal has reached `JournalLimits.maximumBytes`, or the file system has no room. What was refused can be
    /// offered again later.
    case full(String)
    /// A system call failed.
    case io(call: String, path: String, code: Int32)
    /// The directory holds something that this version does not understand.
    case foreign(String)

    public var isFull: Bool {
        if case .full = self { true } else { false }
    }

    /// The process, or the machine, has as many files open as it may.
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
