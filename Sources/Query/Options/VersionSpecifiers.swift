import Record

/// Conditions on a version, as PEP 440 writes them (packaging.python.org, "Version specifiers"): `>=3.9,<3.12`. A
/// version passes if all conditions hold.
///
/// Versions before their release pass like any other. Installers leave them out, but here they are in use.
public struct VersionSpecifiers: Sendable, Equatable {
    fileprivate enum Operator: String, CaseIterable {
        case compatible = "~="
        case equal = "=="
        case unequal = "!="
        case atMost = "<="
        case atLeast = ">="
        // after those that begin with them
        case before = "<"
        case after = ">"
    }

    fileprivate enum Clause: Sendable, Equatable {
        /// A text in small letters (`===`).
        case text(String)
        case version(Comparison)
    }

    fileprivate struct Comparison: Sendable, Equatable {
        let word: Operator
        let version: PackageVersion
        /// Whether the version ends with `.*`.
        let isPrefix: Bool
        /// The number of parts of the release as it is written.
        let parts: Int
    }

    private let clauses: [Clause]

    /// - Parameter text: conditions with a comma between them, or a version such as `3.11` for all that begin with it.
    /// - Returns: nil for a text of another form.
    public init?(_ text: String) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map { trimmed($0) }
        if words.count == 1, let first = words[0].first, first.isASCII, first.isNumber {
            let whole = VersionSpecifiers.clause(.equal, words[0])
            guard let clause = VersionSpecifiers.clause(.equal, words[0] + ".*") ?? whole else { return nil }
            clauses = [clause]
            return
        }
        var clauses: [Clause] = []
        for word in words {
            if word.hasPrefix("===") {
                let text = trimmed(word.dropFirst(3))
                if text.isEmpty { return nil }
                clauses.append(.text(text.lowercased()))
                continue
            }
            guard let sign = Operator.allCases.first(where: { word.hasPrefix($0.rawValue) }),
                let clause = VersionSpecifiers.clause(sign, trimmed(word.dropFirst(sign.rawValue.count)))
            else { return nil }
            clauses.append(clause)
        }
        self.clauses = clauses
    }

    /// Whether a version passes. A text that is no version by PEP 440 passes `===` alone.
    public func contains(_ text: String) -> Bool {
        let version = PackageVersion(text)
        return clauses.allSatisfy { clause in
            switch clause {
            case .text(let wanted): ExactText(wanted) == ExactText(text.lowercased())
            case .version(let comparison): version.map { comparison.contains($0) } ?? false
            }
        }
    }

    private static func clause(_ word: Operator, _ text: String) -> Clause? {
        let isPrefix = text.hasSuffix(".*")
        let written = isPrefix ? String(text.dropLast(2)) : text
        guard let version = PackageVersion(written) else { return nil }
        let parts = releaseParts(written)
        switch word {
        // a prefix is of a release alone
        case .equal, .unequal: if isPrefix && !version.isPlainRelease { return nil }
        case .compatible: if isPrefix || parts < 2 || version.hasLocal { return nil }
        default: if isPrefix || version.hasLocal { return nil }
        }
        return .version(Comparison(word: word, version: version, isPrefix: isPrefix, parts: parts))
    }
}

extension VersionSpecifiers.Comparison {
    fileprivate func contains(_ other: PackageVersion) -> Bool {
        switch word {
        case .equal: isEqual(other)
        case .unequal: !isEqual(other)
        case .compatible:
            other.withoutLocal >= version && other.begins(with: version, parts: parts - 1)
        case .atMost: other.withoutLocal <= version
        case .atLeast: other.withoutLocal >= version
        // a release comes neither before its own candidates nor after its own repairs
        case .before: other < version && (version.isBeforeRelease || !other.isBeforeRelease || !isSameRelease(other))
        case .after:
            other > version && !(isSameRelease(other) && (other.hasLocal || (other.isPost && !version.isPost)))
        }
    }

    private func isEqual(_ other: PackageVersion) -> Bool {
        if isPrefix { return other.begins(with: version, parts: parts) }
        return version.hasLocal ? other == version : other.withoutLocal == version
    }

    private func isSameRelease(_ other: PackageVersion) -> Bool { other.isOfRelease(of: version) }
}

/// The number of parts of a version's release, as it is written: 2 of `1!3.0a1`.
private func releaseParts(_ version: String) -> Int {
    let release = version.split(separator: "!").last ?? ""
    var count = 0
    for part in release.drop(while: { $0 == "v" || $0 == "V" }).split(separator: ".") {
        guard part.first?.isNumber == true else { break }
        count += 1
        if !part.allSatisfy({ $0.isNumber }) { break }
    }
    return count
}

/// Without spaces at its ends.
private func trimmed(_ text: some StringProtocol) -> String {
    var rest = text[...]
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return String(rest)
}
