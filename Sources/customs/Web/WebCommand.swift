import ArgumentParser
import Glibc
import JSON
import Logging
import Pages
import Query
import ServiceLifecycle
import Settings
import Store
import UnixSignals
import Web

struct WebCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "web",
        abstract: "Live pages: the answers of these commands with pictures, in a browser.",
        discussion: prose(
            """
            Pages need no script and nothing from another place. Their addresses have the options of the commands:
            /top?since=30d is 'customs top --since 30d', and /top.csv?since=30d and /top.json?since=30d are its files.

            It reads the store alone, and is a process of its own: a page never holds up what customsd receives. The
            section [web] of the configuration says where it listens, how visitors are known, and who may see what.

            Without a configuration it listens on loopback, and everybody who reaches it sees everything. --public shows
            what may be published, to anybody. docs/web.md tells of web servers in front, and of roles.

            EXAMPLES
              customs web
              customs web --listen 127.0.0.1:8080 --store sqlite:///tmp/customs.sqlite
              customs web --public --listen 0.0.0.0:8080
              customs web --check

            EXIT STATUS
              0   it was told to end, or --check found nothing wrong
              69  the address cannot be bound
              78  the configuration cannot be used
            """))

    @OptionGroup var store: StoreOptions

    @Option(help: ArgumentHelp("Listen here: HOST:PORT, or unix:///PATH.", valueName: "address"))
    var listen: String?

    @Option(help: "How visitors are known: none, proxy or basic.")
    var auth: WebSettings.Authentication?

    @Option(help: ArgumentHelp("For basic: a file of lines NAME:HASH, as htpasswd makes it.", valueName: "file"))
    var htpasswd: String?

    @Flag(name: .customLong("public"), help: "Visitors without a name see what may be published.")
    var isPublic = false

    @Flag(help: "Check the configuration, and end.")
    var check = false

    func run() throws {
        var settings = try store.settings()
        if let listen { settings.web.listen = listen }
        if let auth { settings.web.authentication = auth }
        if let htpasswd { settings.web.passwordFile = htpasswd }
        if isPublic { settings.web.isPublic = true }
        let site = try SiteSettings(settings.web)
        let location = try store.location()
        if check { return try StandardOutput.write(line: "the configuration can be used") }
        signal(SIGPIPE, SIG_IGN)
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let logger = Logger(label: "customs-web")
        let descriptors = WebCommand.raisedDescriptorLimit()
        let service = SiteService(
            location, PageQuestions(store: store), site, descriptors: descriptors,
            groups: SystemGroups.names(of:), logger: logger)
        let group = ServiceGroup(
            services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        if let error = ServiceRun.untilEnd(of: group) {
            throw Failure(.unavailable, "\(printable(settings.web.listen)): \(error)")
        }
    }
}

extension WebCommand {
    /// Descriptors for the largest number of connections, as far as the process may have them.
    private static let wantedDescriptors: rlim_t = 8_192

    /// - Returns: the limit on open files (`setrlimit(2)`).
    private static func raisedDescriptorLimit() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        getrlimit(resource, &limit)
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, wantedDescriptors))
        setrlimit(resource, &limit)
        getrlimit(resource, &limit)
        return Int(clamping: limit.rlim_cur)
    }
}

extension WebSettings.Authentication: ExpressibleByArgument {}
