/// The places where settings were made, for errors that are found only after the settings were read.
public struct SettingOrigins: Sendable, Equatable {
    private var places: [String: String] = [:]

    /// `FILE:LINE:COLUMN: KEY`, a variable or a flag; nil for a default.
    public subscript(key: String) -> String? {
        get { places[key] }
        set { places[key] = newValue }
    }

    /// Always true: settings are equal even if they were made in different places.
    public static func == (left: SettingOrigins, right: SettingOrigins) -> Bool { true }
}
