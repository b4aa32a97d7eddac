public enum ArchiveError: Error, Sendable, CustomStringConvertible {
    case cannotOpen(String)
    /// What the file holds cannot be read; the text says which format that is, and what to do.
    case unsupported(String)
    case damaged(String)
    /// What came through a pipe could not be kept.
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
