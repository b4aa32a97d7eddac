import Pages

/// How the site is served.
public struct SiteSettings: Sendable {
    public enum Listen: Sendable, Equatable {
        case host(String, port: Int)
        case unix(path: String)
    }

    /// How a visitor is known.
    public enum Authentication: Sendable, Equatable {
        /// Everybody is staff; or anybody, if the site is public.
        case none
        /// By the name that a proxy at one of these addresses gives, or one behind the unix socket.
        case proxy(trusted: [String])
        /// By a name and a password, which a file in the form of htpasswd has.
        case basic(file: String)
    }

    public var listen: Listen
    public var authentication: Authentication
    /// Whether visitors without a name see what may be published.
    public var isPublic: Bool
    public var roles: Roles
    public var jobLinks: [PageLink]
    /// The time that a question may take.
    public var questionSeconds: Int
    /// The greatest age of a page that is sent while the store is away.
    public var staleSeconds: Int

    public init(
        listen: Listen, authentication: Authentication, isPublic: Bool, roles: Roles, jobLinks: [PageLink] = [],
        questionSeconds: Int = 10, staleSeconds: Int = 600
    ) {
        self.listen = listen
        self.authentication = authentication
        self.isPublic = isPublic
        self.roles = roles
        self.jobLinks = jobLinks
        self.questionSeconds = questionSeconds
        self.staleSeconds = staleSeconds
    }
}
