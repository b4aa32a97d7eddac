/// Whom a user's name belongs to on this machine, remembered for a while: to look it up may ask a directory in the network.
struct NameOwners: Sendable {
    /// By the names' symbols; nil for names that the machine does not know.
    private var owners: [Int32: UInt32?] = [:]
    /// Microseconds since 1970 UTC.
    private var since: Int64 = 0
    private let find: @Sendable (String) -> UInt32?

    /// For how long an answer is good, microseconds.
    private static let lifetime: Int64 = 600_000_000
    /// The uid by which the kernel calls whoever it has no uid for: a sender in another user namespace (`user_namespaces(7)`).
    private static let overflow: UInt32 = 65_534

    init(find: @escaping @Sendable (String) -> UInt32?) { self.find = find }

    /// Whether a sender, by the kernel's word, may bear the name. A name that the machine does not know may be anybody's whom the
    /// kernel has a uid for.
    ///
    /// - Parameters:
    ///   - symbol: the name's.
    ///   - now: microseconds since 1970 UTC.
    mutating func isName(_ name: String, _ symbol: Int32, of uid: UInt32, now: Int64) -> Bool {
        if now < since || now > since + NameOwners.lifetime {
            owners.removeAll(keepingCapacity: true)
            since = now
        }
        // what stands for a user without a name is no name
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

    /// Symbols are given anew.
    mutating func forget() { owners.removeAll() }
}
