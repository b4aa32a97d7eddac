import TOMLKit

/// The live pages of `customs web`.
public struct WebSettings: Sendable, Equatable {
    /// How visitors are known. The raw value is the word of the configuration.
    public enum Authentication: String, CaseIterable, Sendable {
        /// Not at all.
        case none
        /// By the header `X-Remote-User` of a web server in front.
        case proxy
        /// By a name and a password.
        case basic
    }

    /// The role of people whose names are known and who have no other one.
    public enum OtherRole: String, CaseIterable, Sendable {
        case `public`, user, staff
    }

    /// `HOST:PORT` or `unix:///PATH`.
    public var listen = "127.0.0.1:5142"
    public var authentication = Authentication.none
    /// A file in the form of htpasswd, for `basic`.
    public var passwordFile: String?
    /// Addresses of web servers whose word is taken, for `proxy`; one behind the unix socket needs none.
    public var trusted: [String] = []
    /// Whether visitors without a name see what may be published.
    public var isPublic = false
    public var otherRole = OtherRole.user
    /// Names of people, and of groups with `@` before them.
    public var staff: [String] = []
    /// The accounts of each principal investigator.
    public var accounts: [String: [String]] = [:]
    /// Pages of other services about a job: a title, and an address with `{job}`, `{cluster}` and `{user}` in it.
    public var jobLinks: [String: String] = [:]
    /// The time that the questions of a page may take.
    public var questionSeconds = 10
    /// The greatest age of a page that is shown while the store is away.
    public var staleSeconds = 600

    public init() {}
}

extension WebSettings {
    mutating func apply(_ root: SettingsSection) throws(SettingsError) {
        guard
            let section = try root.section(
                "web",
                [
                    "listen", "auth", "htpasswd", "trusted", "public", "other_role", "staff", "pi", "job_links",
                    "question_s", "stale_s",
                ])
        else { return }
        listen = try section.string("listen") ?? listen
        authentication = try section.choice("auth") ?? authentication
        passwordFile = try section.string("htpasswd") ?? passwordFile
        trusted = try section.strings("trusted", mayBeEmpty: true) ?? trusted
        isPublic = try section.flag("public") ?? isPublic
        otherRole = try section.choice("other_role") ?? otherRole
        staff = try section.strings("staff", mayBeEmpty: true) ?? staff
        try section.integer("question_s", 1...600) { questionSeconds = $0 }
        try section.integer("stale_s", 0...86_400) { staleSeconds = $0 }
        if let people = try section.names("pi") {
            for name in people.table.keys { accounts[name] = try people.strings(name, mayBeEmpty: true) ?? [] }
        }
        if let links = try section.names("job_links") {
            for title in links.table.keys {
                let template = try links.string(title) ?? ""
                guard template.hasPrefix("https://") || template.hasPrefix("http://") else {
                    throw links.complaint(title, "must begin with https:// or http://")
                }
                jobLinks[title] = template
            }
        }
    }
}
