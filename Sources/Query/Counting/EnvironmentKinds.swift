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

    private let patterns: [(kind: Kind, patterns: [[UInt8]])]

    /// - Parameter rules: patterns by the names of kinds, each in the place of its defaults.
    public init(_ rules: [String: [String]] = [:]) {
        patterns = Kind.allCases.map { kind in
            (kind, (rules[kind.rawValue] ?? EnvironmentKinds.defaults[kind] ?? []).map { Array($0.utf8) })
        }
    }

    public func kind(prefix: String, isInContainer: Bool) -> Kind {
        if isInContainer { return .container }
        let bytes = Array(prefix.utf8)
        return patterns.first { $0.patterns.contains { matches(bytes, $0) } }?.kind ?? .other
    }

    public static func == (left: EnvironmentKinds, right: EnvironmentKinds) -> Bool {
        left.patterns.elementsEqual(right.patterns) { $0.kind == $1.kind && $0.patterns == $1.patterns }
    }
}

/// Backtracks to the last star only, so that a match takes at most the product of the lengths.
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
