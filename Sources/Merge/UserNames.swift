import Record

/// What the machine's user database says of a uid.
public enum UserName: Sendable, Equatable {
    case known(String)
    /// No user has this uid.
    case unknown
    /// The database cannot be asked now.
    case notNow
}

/// The names of the uids that the kernel has proved. They are remembered for a while, because a lookup may ask a
/// directory in the network.
struct UserNames: Sendable {
    private struct Answer {
        let name: String?
        /// Microseconds since 1970 UTC.
        let until: Int64
    }

    private var answers: [UInt32: Answer] = [:]
    private let find: @Sendable (UInt32) -> UserName

    /// The time for which an answer is valid, microseconds.
    private static let lifetime: Int64 = 600_000_000
    /// The same where the database could not be asked.
    private static let pause: Int64 = 10_000_000
    /// Users of this machine, and those of their user namespaces.
    private static let maximumCount = 100_000

    init(find: @escaping @Sendable (UInt32) -> UserName) { self.find = find }

    /// nil where the machine knows no such user, or cannot tell now.
    ///
    /// - Parameter now: microseconds since 1970 UTC.
    mutating func name(of uid: UInt32, now: Int64) -> String? {
        if let known = answers[uid], now < known.until, now >= known.until - UserNames.lifetime { return known.name }
        if answers.count >= UserNames.maximumCount { answers.removeAll(keepingCapacity: true) }
        let answer =
            switch find(uid) {
            case .known(let name): Answer(name: name, until: now + UserNames.lifetime)
            case .unknown: Answer(name: nil, until: now + UserNames.lifetime)
            case .notNow: Answer(name: nil, until: now + UserNames.pause)
            }
        answers[uid] = answer
        return answer.name
    }
}

/// Names that no user has, because the store gives them to users without one.
enum ReservedName {
    private static let pseudonym = "user-"
    private static let pseudonymDigits = 16

    /// Whether the text has the form `#UID`, or that of a pseudonym: `user-` and 16 hexadecimal digits.
    static func matches(_ name: UnsafeRawBufferPointer) -> Bool {
        if name.first == UInt8(ascii: "#") { return name.dropFirst().allSatisfy { isDigit($0) } }
        return name.count == pseudonym.utf8.count + pseudonymDigits && name.starts(with: pseudonym.utf8)
            && name.suffix(pseudonymDigits).allSatisfy { isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")) ~= $0 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte }
}
