/// A configuration that cannot be used; the text names the file, line and column, the key, and what would be right.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
