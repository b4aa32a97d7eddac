import CVersion

/// The version of Customs, the same for both commands.
public enum Version {
    /// By the rules of Semantic Versioning 2.0.0.
    public static let number = "0.1.0"

    /// The commit that this was built from: nil where the build did not know it, as from an archive of the sources.
    public static var commit: String? {
        let commit = String(cString: customs_commit())
        return commit.isEmpty ? nil : commit
    }

    /// The output of `COMMAND --version`: the command, the version and the commit.
    public static func text(of command: String) -> String {
        "\(command) \(number)" + (commit.map { " (\($0))" } ?? "")
    }
}
