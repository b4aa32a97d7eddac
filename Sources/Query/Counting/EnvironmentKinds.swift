/// Derives the kind of an interpreter's installation from `sys.prefix`, by the patterns of each kind; `*` stands for
/// any text. The kinds are tried in their order here, and the first match counts.
public struct EnvironmentKinds: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        // in the order in which they are tried
        case spack, conda, venv, module, system
        /// An interpreter in a container, whatever its prefix.
        case container
        case other
    }

    private static let defaults: [Kind: [String]] = [
        .spack: ["*/spack/*"],
        .conda: ["*conda*", "*mamba*", "*miniforge*", "*/envs/*"],
        .venv: ["*venv*", "*virtualenv*", "*/env"],
        .module: [
            "/opt/cray/*", "/opt/ohpc/*", "/opt/apps/*", "/apps/*", "/sw/*", "/cvmfs/*", "*/easybuild/*",
            "*/software/*",
            "*/modules/*",
        ],
        .system: ["/usr", "/usr/local", "/"],
    ]

    private let patterns: [(kind: Kind, patterns: [WildcardPattern])]

    /// - Parameter rules: patterns by the names of kinds, each in the place of its defaults.
    public init(_ rules: [String: [String]] = [:]) {
        patterns = Kind.allCases.map { kind in
            (kind, (rules[kind.rawValue] ?? EnvironmentKinds.defaults[kind] ?? []).map { WildcardPattern($0) })
        }
    }

    public func kind(prefix: String, isInContainer: Bool) -> Kind {
        if isInContainer { return .container }
        let bytes = Array(prefix.utf8)
        return patterns.first { $0.patterns.contains { $0.matches(bytes) } }?.kind ?? .other
    }

    /// - Parameter kept: the kind that was kept when the prefix lost a name, because a path whose name was replaced may
    ///   look like another kind's.
    func kind(prefix: String, isInContainer: Bool, kept: String?) -> Kind {
        kept.flatMap { Kind(rawValue: $0) } ?? kind(prefix: prefix, isInContainer: isInContainer)
    }

    public static func == (left: EnvironmentKinds, right: EnvironmentKinds) -> Bool {
        left.patterns.elementsEqual(right.patterns) { $0.kind == $1.kind && $0.patterns == $1.patterns }
    }
}
