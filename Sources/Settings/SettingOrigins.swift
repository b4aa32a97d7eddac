/// Where settings were made, for errors about what cannot be told when they are read.
public struct SettingOrigins: Sendable, Equatable {
    private var places: [String: String] = [:]

    /// `FILE:LINE:COLUMN: KEY`, a variable or a flag; nil for a default.
    public subscript(key: String) -> String? {
        get { places[key] }
        set { places[key] = newValue }
    }

    /// The same settings are the same wherever they were made.
    public static func == (left: SettingOrigins, right: SettingOrigins) -> Bool { true }
}
