import Archive
import Store

/// Why an archive was not taken, or not to its end.
public enum ImportError: Error, Sendable, CustomStringConvertible {
    case archive(ArchiveError)
    /// The archive has fewer lines than it had when it was first read.
    case shrunk(archive: String)
    case store(StoreError)

    public var description: String {
        switch self {
        case .archive(let error): error.description
        case .shrunk(let archive): "\(archive) became shorter while it was read"
        case .store(let error): error.description
        }
    }
}
