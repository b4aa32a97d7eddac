import Glibc

/// A program that could not be started.
public struct ProgramError: Error, Sendable, CustomStringConvertible {
    /// The failed system call, its argument, and its `errno`.
    public let call: String
    public let path: String
    public let code: Int32

    public var description: String { "\(path): \(call): \(String(cString: strerror(code)))" }
}
