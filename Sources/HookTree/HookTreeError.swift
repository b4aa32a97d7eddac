import Glibc
import Processes

/// The reason why the hook could not be installed or tried.
public enum HookTreeError: Error, Sendable, CustomStringConvertible {
    /// No directory holds a tree to install from.
    case noSource(lookedIn: [String])
    /// The request cannot be carried out; the text gives the reason and the way out.
    case refused(String)
    /// A system call failed.
    case system(call: String, path: String, code: Int32)

    public var description: String {
        switch self {
        case .noSource(let places):
            "the hook's source is in none of \(places.joined(separator: ", ")); name it with --source"
        case .refused(let why): why
        case .system(let call, let path, let code): "\(path): \(call): \(String(cString: strerror(code)))"
        }
    }

    /// The description for a text that already names the path.
    var reason: String {
        guard case .system(_, _, let code) = self else { return description }
        return String(cString: strerror(code))
    }

    public init(_ error: ProgramError) { self = .system(call: error.call, path: error.path, code: error.code) }

    /// The failure of the last system call.
    static func last(_ call: String, _ path: String) -> HookTreeError { .system(call: call, path: path, code: errno) }
}
