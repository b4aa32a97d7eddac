/// The owners of users' names on this machine. They are remembered for a while, because a lookup may ask a directory in
/// the network.
struct NameOwners: Sendable {
    /// By the names' symbols; nil for names that the machine does not know.
    private var owners: [Int32: UInt32?] = [:]
    /// Microseconds since 1970 UTC.
    private var since: Int64 = 0
    private let find: @Sendable (String) -> UInt32?

    /// The time for which an answer is valid, microseconds.
    private static let lifetime: Int64 = 600_000_000
    /// The uid that the kernel reports for a sender without one here: a sender in another user namespace
    /// (`user_namespaces(7)`).
    private static let overflow: UInt32 = 65_534

    init(find: @escaping @Sendable (String) -> UInt32?) { self.find = find }

    /// Whether a sender with this uid, as the kernel reports it, may use the name. A name that the machine does not
    /// know may belong to any uid except the overflow uid.
    ///
    /// - Parameters:
    ///   - symbol: the name's symbol.
    ///   - now: microseconds since 1970 UTC.
    mutating func isName(_ name: String, _ symbol: Int32, of uid: UInt32, now: Int64) -> Bool {
        if now < since || now > since + NameOwners.lifetime {
            owners.removeAll(keepingCapacity: true)
            since = now
        }
        // the form `#UID` stands for a user without a name
        if name.utf8.first == UInt8(ascii: "#") { return name == "#\(uid)" }
        let owner: UInt32?
        if let known = owners[symbol] {
            owner = known
        } else {
            owner = find(name)
            owners[symbol] = .some(owner)
        }
        return owner.map { $0 == uid } ?? (uid != NameOwners.overflow)
    }

    /// Forgets all answers, because symbols are assigned anew.
    mutating func forget() { owners.removeAll() }
}
