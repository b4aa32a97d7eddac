/// Tells from `sys.prefix` how an interpreter came to be there: by the patterns of each kind, in which `*` stands for any
/// text. The kinds are tried in their order here, and the first that fits counts.
public struct EnvironmentKinds: Sendable, Equatable {
    /// In the order in which they are tried.
    public static let names = ["spack", "conda", "venv", "module", "system"]

    /// What an interpreter in a container is, whatever its prefix.
    public static let container = "container"
    public static let other = "other"

    public static let defaults: [String: [String]] = [
        "spack": ["*/spack/*"],
        "conda": ["*conda*", "*mamba*", "*miniforge*", "*/envs/*"],
        "venv": ["*venv*", "*virtualenv*", "*/env"],
        "module": [
            "/opt/cray/*", "/opt/ohpc/*", "/opt/apps/*", "/apps/*", "/sw/*", "/cvmfs/*", "*/easybuild/*",
            "*/software/*",
            "*/modules/*",
        ],
        "system": ["/usr", "/usr/local", "/"],
    ]

    private let patterns: [(kind: String, patterns: [[UInt8]])]

    /// - Parameter rules: patterns of kinds, each in the place of its defaults.
    public init(_ rules: [String: [String]] = [:]) {
        patterns = EnvironmentKinds.names.map { name in
            (name, (rules[name] ?? EnvironmentKinds.defaults[name] ?? []).map { Array($0.utf8) })
        }
    }

    public func kind(prefix: String, isInContainer: Bool) -> String {
        if isInContainer { return EnvironmentKinds.container }
        let bytes = Array(prefix.utf8)
        return patterns.first { $0.patterns.contains { matches(bytes, $0) } }?.kind ?? EnvironmentKinds.other
    }

    public static func == (left: EnvironmentKinds, right: EnvironmentKinds) -> Bool {
        left.patterns.elementsEqual(right.patterns) { $0.kind == $1.kind && $0.patterns == $1.patterns }
    }
}

/// Goes back to the last star only, so that no pattern takes more than the product of the lengths.
private func matches(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
    let star = UInt8(ascii: "*")
    var (at, place) = (0, 0)
    var retry: (at: Int, place: Int)?
    while at < text.count {
        if place < pattern.count, pattern[place] == star {
            retry = (at, place)
            place += 1
        } else if place < pattern.count, pattern[place] == text[at] {
            at += 1
            place += 1
        } else if let last = retry {
            at = last.at + 1
            place = last.place + 1
            retry = (at, last.place)
        } else {
            return false
        }
    }
    return pattern[place...].allSatisfy { $0 == star }
}
