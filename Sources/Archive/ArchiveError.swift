public enum ArchiveError: Error, Sendable, CustomStringConvertible {
    case cannotOpen(String)
    /// The content of the file cannot be read; the text names the format and the way out.
    case unsupported(String)
    case damaged(String)
    /// The content of a pipe could not be kept.
    case cannotKeep(String)

    public var description: String {
        switch self {
        case .cannotOpen(let why): "cannot open \(why)"
        case .unsupported(let why): why
        case .damaged(let why): "damaged archive \(why)"
        case .cannotKeep(let why): "cannot keep \(why)"
        }
    }
}
