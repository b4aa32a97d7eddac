/// A command that runs a database's own program on a store, for reading only.
public struct SQLShell: Sendable {
    /// The program and its arguments.
    public let words: [String]
    /// Environment variables that it needs besides those of this process.
    public let environment: [(name: String, value: String)]
    /// The Debian package that has the program.
    public let package: String

    public init(words: [String], environment: [(name: String, value: String)] = [], package: String) {
        self.words = words
        self.environment = environment
        self.package = package
    }
}
