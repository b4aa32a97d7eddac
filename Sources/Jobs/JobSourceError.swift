/// The reason why a batch system gave no answer. All of them are temporary: the next sweep asks again.
public enum JobSourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A command could not be started, did not end in time, or ended with an error.
    case command(name: String, why: String)
    /// A service could not be reached, or not in time.
    case unreachable(url: String, why: String)
    /// A service refused, with a status of HTTP.
    case refused(url: String, status: Int, why: String)
    /// The answer is not in the form that the source expects.
    case unreadable(what: String, why: String)
    /// The answer is longer than the limit.
    case tooLong(what: String, bytes: Int)
    /// The configuration names something that does not exist.
    case setting(String)

    public var description: String {
        switch self {
        case .command(let name, let why): "\(name): \(why)"
        case .unreachable(let url, let why): "\(url): \(why)"
        case .refused(let url, let status, let why): "\(url): HTTP \(status): \(why)"
        case .unreadable(let what, let why): "\(what): cannot be read: \(why)"
        case .tooLong(let what, let bytes): "\(what): the answer has more than \(bytes) bytes"
        case .setting(let why): why
        }
    }
}
