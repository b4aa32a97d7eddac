/// Why Slurm gave no answer. None of these is an end: the next sweep asks again.
public enum SlurmError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A command could not be started, did not end in time, or ended with an error.
    case command(name: String, why: String)
    /// slurmrestd could not be reached, or not in time.
    case unreachable(url: String, why: String)
    /// slurmrestd refused.
    case refused(url: String, status: Int, why: String)
    /// What came is not what Slurm writes.
    case unreadable(what: String, why: String)
    /// The answer is longer than this program holds.
    case tooLong(what: String, bytes: Int)
    /// The configuration names what is not there.
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
