/// Who has which role.
public struct Roles: Sendable, Equatable {
    /// Names of people; a name that begins with `@` is that of a group.
    public let staff: [String]
    /// The accounts of each PI.
    public let accounts: [String: [String]]
    /// The role of everybody else whose name is known.
    public let otherwise: Role

    public init(staff: [String], accounts: [String: [String]], otherwise: Role) {
        self.staff = staff
        self.accounts = accounts
        self.otherwise = otherwise
    }

    /// - Parameter groups: the groups of a person; they are looked up only if a role needs them.
    func visitor(_ name: String, groups: () -> Set<String>) -> Visitor {
        let isNamed = staff.contains { Roles.isSame($0, name) }
        let wanted = staff.filter { $0.hasPrefix("@") }.map { String($0.dropFirst()) }
        if isNamed || !wanted.isEmpty && !groups().isDisjoint(with: wanted) {
            return Visitor(role: .staff, name: name)
        }
        if let own = accounts.first(where: { Roles.isSame($0.key, name) })?.value {
            return Visitor(role: .pi, name: name, accounts: own)
        }
        return Visitor(role: otherwise, name: name)
    }

    /// Whether two names have the same bytes. To Swift, texts that look alike are equal.
    static func isSame(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }
}
