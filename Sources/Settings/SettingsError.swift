/// An unusable configuration; the text names the file, line and column, the key, and a valid value.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
