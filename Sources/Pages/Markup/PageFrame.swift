/// What stands around the panels of a page, and does not follow from their answers.
public struct PageFrame: Sendable, Hashable {
    /// The entries of the navigation, in their order.
    public var entries: [PageEntry]
    /// Whether people and jobs may be looked up.
    public var linksPeople: Bool
    /// Who reads it; nil if that is not known.
    public var reader: String?
    /// The time of the answers: `2026-11-29T23:41Z`.
    public var asOf: String
    /// The largest fraction of lost records that the canaries of 30 days allow, at 95 % confidence; nil without
    /// canaries.
    public var lossBound: Double?
    /// Addresses of other services' pages about a job, with `{job}`, `{cluster}`, `{user}` in them.
    public var jobLinks: [PageLink]

    public init(
        entries: [PageEntry], linksPeople: Bool, reader: String? = nil, asOf: String, lossBound: Double? = nil,
        jobLinks: [PageLink] = []
    ) {
        self.entries = entries
        self.linksPeople = linksPeople
        self.reader = reader
        self.asOf = asOf
        self.lossBound = lossBound
        self.jobLinks = jobLinks
    }
}

/// A link to a page of another service.
public struct PageLink: Sendable, Hashable {
    public let title: String
    public let template: String

    public init(_ title: String, template: String) {
        self.title = title
        self.template = template
    }
}

/// An entry of the navigation.
public enum PageEntry: String, CaseIterable, Sendable {
    case overview, packages, together, environments, stacks, python, ended, accounts, hosts, health, canaries
    case definitions

    public var path: String { self == .overview ? "/" : "/" + rawValue }

    var title: String { self == .together ? "Used together" : rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}
