/// What a visitor may see.
public enum Role: String, CaseIterable, Sendable {
    /// What may be published.
    case `public`
    /// The same, and their own usage and jobs.
    case user
    /// The same, and the usage and the jobs of their own accounts.
    case pi
    /// Everything.
    case staff
}

/// Somebody who asks for a page.
public struct Visitor: Sendable, Hashable {
    public let role: Role
    /// nil if it is not known.
    public let name: String?
    /// The accounts of a PI.
    public let accounts: [String]

    public init(role: Role, name: String? = nil, accounts: [String] = []) {
        self.role = role
        self.name = name
        self.accounts = accounts
    }

    public static let anyone = Visitor(role: .public)
}
