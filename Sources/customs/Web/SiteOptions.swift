import Glibc
import JSON
import Pages
import Settings
import Web

extension SiteSettings {
    /// - Throws: `Failure` with 78 if the settings do not fit each other.
    init(_ settings: WebSettings) throws {
        let listen = try Listen(settings.listen)
        let authentication: Authentication
        switch settings.authentication {
        case .none:
            if !settings.isPublic, case .host(let host, _) = listen, !SiteSettings.isLoopback(host) {
                throw Failure(
                    .configuration,
                    "web: \(host) can be reached from other machines, and without 'auth' everybody would see "
                        + "everything; use auth = \"proxy\" or \"basic\", a loopback address, or --public")
            }
            authentication = .none
        case .proxy: authentication = .proxy(trusted: try settings.trusted.map(SiteSettings.checked))
        case .basic:
            guard let file = settings.passwordFile else {
                throw Failure(.configuration, "web: auth = \"basic\" needs htpasswd, a file of lines NAME:HASH")
            }
            guard access(file, R_OK) == 0 else {
                let why = String(cString: strerror(errno))
                throw Failure(.configuration, "web: htpasswd '\(printable(file))' cannot be read: \(why)")
            }
            authentication = .basic(file: file)
        }
        if case .proxy(let trusted) = authentication, trusted.isEmpty, case .host = listen {
            throw Failure(
                .configuration,
                "web: auth = \"proxy\" needs trusted, the address of the web server in front, or "
                    + "listen = \"unix:///PATH\""
            )
        }
        self.init(
            listen: listen, authentication: authentication, isPublic: settings.isPublic,
            roles: Roles(
                staff: settings.staff, accounts: settings.accounts,
                otherwise: Role(rawValue: settings.otherRole.rawValue) ?? .public),
            jobLinks: settings.jobLinks.sorted { $0.key < $1.key }.map { PageLink($0.key, template: $0.value) },
            questionSeconds: settings.questionSeconds, staleSeconds: settings.staleSeconds)
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.") && address(host) != nil
    }

    private static func checked(_ text: String) throws -> String {
        guard let address = address(text) else {
            throw Failure(.configuration, "web: trusted: '\(printable(text))' is no address of IPv4 or IPv6")
        }
        return address
    }

    /// An address in the form in which the kernel's are written; nil if it is none.
    private static func address(_ text: String) -> String? {
        for family in [AF_INET, AF_INET6] {
            var bytes = [UInt8](repeating: 0, count: 16)
            guard inet_pton(family, text, &bytes) == 1 else { continue }
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { written in
                inet_ntop(family, &bytes, written.baseAddress, socklen_t(written.count)).map { String(cString: $0) }
            }
        }
        return nil
    }
}

extension SiteSettings.Listen {
    /// - Parameter text: `HOST:PORT` or `unix:///PATH`.
    /// - Throws: `Failure` with 78.
    init(_ text: String) throws {
        if text.hasPrefix("unix:///") {
            self = .unix(path: String(text.dropFirst("unix://".count)))
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let port = parts.last.flatMap({ Int($0) }), (0...65_535).contains(port) else {
            throw Failure(
                .configuration, "web: listen '\(printable(text))': write HOST:PORT, [ADDRESS]:PORT or unix:///PATH")
        }
        let host = parts.dropLast().joined(separator: ":").filter { $0 != "[" && $0 != "]" }
        guard !host.isEmpty else {
            throw Failure(.configuration, "web: listen '\(printable(text))': the host is missing")
        }
        self = .host(host, port: port)
    }
}
