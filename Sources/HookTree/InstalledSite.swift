/// The settings of an installed tree that programs other than Python read.
///
/// `configure.py` writes them: names in one text, one line for each key.
public struct InstalledSite: Sendable, Equatable {
    /// The names of packages that are watched and belong to no other package.
    public let packages: [String]
    public let servers: [String]

    /// - Parameter text: the content of `sitecustomize.py`.
    public init(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let names = lines.drop { $0 != "WATCHED = \"\"\"" }.dropFirst().prefix { $0 != "\"\"\"" }
        packages = names.flatMap { $0.split(separator: " ") }.map(String.init).filter { !$0.contains(".") }
        let key = "    'servers': "
        let line = lines.first { $0.hasPrefix(key) } ?? ""
        servers = line.dropFirst(key.count).split(separator: "'").map(String.init).filter { $0.contains("://") }
    }
}
