import JSON
import Store

/// A name in a question that no usage has.
public struct UnknownName: Error, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        case system, subsystem, account, partition, qos, user, cluster, package
        /// The prefix of an interpreter.
        case environment
        /// What accounts belong to, by the site's file.
        case project, pi, field, department
    }

    public let kind: Kind
    public let name: String
    /// A known name that was probably meant.
    public internal(set) var suggestion: String?
    /// The import name of a distribution whose package has no usage.
    public internal(set) var importName: String?
    /// Whether the store has no usage at all.
    public internal(set) var isStoreEmpty = false

    /// The text for people, in one line.
    public var description: String {
        let what =
            kind == .package ? "there is no usage of package" : "there is no \(kind == .pi ? "PI" : kind.rawValue)"
        let text = "\(what) '\(printable(name))'"
        if let importName { return "\(text), which is imported as '\(importName)'" }
        if let suggestion { return "\(text); did you mean '\(printable(suggestion))'?" }
        return isStoreEmpty ? "\(text): the store has no usage yet" : text
    }
}

extension UnknownName {
    /// nil if a name is known.
    ///
    /// - Parameter known: the names that occur, and others that may be suggested.
    static func check(
        _ name: String, _ kind: Kind, among known: [String], _ connection: any SQLConnection
    ) throws(StoreError) -> UnknownName? {
        // names are bytes, but Swift's strings are equal if they are canonically equivalent
        if known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { return nil }
        var unknown = UnknownName(kind: kind, name: name)
        unknown.suggestion = Query.suggestion(for: name, among: known)
        if unknown.suggestion == nil { unknown.isStoreEmpty = try PackedDays.daysWithRuns(connection).isEmpty }
        return unknown
    }
}

extension UsageFilter {
    /// The first name in the filter that no usage has; nil if all are known.
    public func unknownName(_ connection: any SQLConnection) throws(StoreError) -> UnknownName? {
        if let system, let unknown = try KnownNames.check(system, .system, connection) { return unknown }
        if let subsystem, let unknown = try KnownNames.check(subsystem, .subsystem, connection) { return unknown }
        if let account, let unknown = try KnownNames.check(account, .account, connection) { return unknown }
        if let partition, let unknown = try KnownNames.check(partition, .partition, connection) { return unknown }
        if let qos, let unknown = try KnownNames.check(qos, .qos, connection) { return unknown }
        if let user, let unknown = try KnownNames.check(user, .user, connection) { return unknown }
        for property in AccountProperty.allCases {
            guard let value = charged[property], let kind = UnknownName.Kind(rawValue: property.rawValue) else {
                continue
            }
            let known = mapping?.values(of: property) ?? []
            if let unknown = try UnknownName.check(value, kind, among: known, connection) { return unknown }
        }
        // a pattern may match nothing, but a path is meant to exist
        if let prefix, !prefix.hasWildcard { return try KnownNames.check(prefix.text, .environment, connection) }
        return nil
    }
}
