/// What an installed tree says of its site, as far as others than Python ask.
///
/// `configure.py` writes it: names in one text, and a line a key.
public struct InstalledSite: Sendable, Equatable {
    /// Names of packages that are watched and belong to no other.
    public let packages: [String]
    public let servers: [String]

    /// - Parameter text: that of `sitecustomize.py`.
    public init(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let names = lines.drop { $0 != "WATCHED = \"\"\"" }.dropFirst().prefix { $0 != "\"\"\"" }
        packages = names.flatMap { $0.split(separator: " ") }.map(String.init).filter { !$0.contains(".") }
        let key = "    'servers': "
        let line = lines.first { $0.hasPrefix(key) } ?? ""
        servers = line.dropFirst(key.count).split(separator: "'").map(String.init).filter { $0.contains("://") }
    }
}
