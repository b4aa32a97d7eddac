import FoundationEssentials

/// Says who a visitor is.
package struct Gate: Sendable {
    /// What a request says about its sender.
    package struct Claim: Sendable {
        /// The address of the other end; nil for a unix socket.
        let address: String?
        /// The values of `X-Remote-User`.
        let remoteUsers: [String]
        /// The value of `Authorization`.
        let authorization: String?

        package init(address: String?, remoteUsers: [String] = [], authorization: String? = nil) {
            self.address = address
            self.remoteUsers = remoteUsers
            self.authorization = authorization
        }
    }

    package enum Answer: Sendable, Equatable {
        case visitor(Visitor)
        /// 401: a name and a password are wanted.
        case challenge
        /// 403, with the reason.
        case refused(String)
    }

    private let settings: SiteSettings
    private let passwords: PasswordFile?
    private let groups: @Sendable (String) -> Set<String>

    /// - Parameter groups: the names of a person's groups.
    package init(_ settings: SiteSettings, groups: @escaping @Sendable (String) -> Set<String>) {
        self.settings = settings
        self.groups = groups
        if case .basic(let path) = settings.authentication {
            passwords = PasswordFile(path: path)
        } else {
            passwords = nil
        }
    }

    package func answer(_ claim: Claim) async -> Answer {
        switch settings.authentication {
        case .none: .visitor(settings.isPublic ? .anyone : Visitor(role: .staff))
        case .proxy(let trusted): behindProxy(claim, trusted)
        case .basic: await byPassword(claim)
        }
    }

    private func behindProxy(_ claim: Claim, _ trusted: [String]) -> Answer {
        if let address = claim.address, !trusted.contains(address) {
            return .refused("Requests come by way of the site's web server only.")
        }
        // two names are an attempt to be somebody else
        if claim.remoteUsers.count > 1 { return .refused("The request has two names.") }
        guard let name = claim.remoteUsers.first, !name.isEmpty else {
            return settings.isPublic ? .visitor(.anyone) : .refused("The web server has not said who you are.")
        }
        return .visitor(visitor(name))
    }

    private func byPassword(_ claim: Claim) async -> Answer {
        guard let authorization = claim.authorization else {
            return settings.isPublic ? .visitor(.anyone) : .challenge
        }
        guard let (name, password) = Gate.credentials(authorization) else { return .challenge }
        guard await passwords?.matches(name, password) == true else { return .challenge }
        return .visitor(visitor(name))
    }

    private func visitor(_ name: String) -> Visitor { settings.roles.visitor(name) { groups(name) } }

    /// Name and password of `Basic BASE64` (RFC 7617).
    package static func credentials(_ authorization: String) -> (name: String, password: String)? {
        let words = authorization.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "basic", words[1].utf8.count <= 1_024,
            let bytes = Data(base64Encoded: String(words[1])), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            !bytes.contains(0), let name = String(validating: bytes[..<colon], as: UTF8.self),
            let password = String(validating: bytes[(colon + 1)...], as: UTF8.self)
        else { return nil }
        return (name, password)
    }
}
