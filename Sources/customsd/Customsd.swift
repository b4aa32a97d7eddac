import ArgumentParser
import DaemonMetrics
import Glibc
import Listen
import Logging
import Pipeline
import ServiceLifecycle
import Settings
import Store
import UnixSignals
import Version

/// The daemon: arguments and wiring.
@main
struct Customsd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "customsd",
        abstract: "Receive records of Python usage, keep them safe, and write them to a store.",
        discussion: """
            With no configuration it receives on udp://127.0.0.1:5140 and keeps journal and SQLite store under
            $XDG_STATE_HOME/customs (as a system service under /var/lib/customs). Flags win over the environment
            (CUSTOMS_LISTEN, CUSTOMS_STORE, CUSTOMS_STATE_DIR, CUSTOMS_HTTP, CUSTOMS_CONFIG), which wins over the file.

            SIGTERM: stops receiving, writes what it has, exits 0. SIGHUP: reads its configuration again.

            EXAMPLES
              customsd
              customsd --listen udp://0.0.0.0:5140 --store postgres:///customs
              customsd --config /etc/customs/customsd.toml --check

            EXIT STATUS
              0   ended on request
              64  the command line is wrong
              69  a socket cannot be opened, or the state directory is in use
              70  the store can never be used, or a copy of the state directory has claimed it
              74  the result of --check cannot be written
              78  the configuration cannot be used
            """,
        version: Version.text(of: "customsd"))

    @Option(help: ArgumentHelp("Configuration file (TOML).", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Address: udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unixgram:///PATH. May be repeated.",
            valueName: "url"))
    var listen: [String] = []

    @Option(help: ArgumentHelp("Store to write to: sqlite:///PATH or postgres://….", valueName: "url"))
    var store: String?

    @Option(name: .customLong("state-dir"), help: ArgumentHelp("Directory of the journal.", valueName: "dir"))
    var stateDirectory: String?

    @Option(help: ArgumentHelp("Address for /healthz and /metrics.", valueName: "host:port"))
    var http: String?

    @Flag(
        help: """
            Check the configuration and exit: keys and values, the forms of addresses and of the store, TLS's files. \
            No socket is opened, and nothing is written.
            """)
    var check = false

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as Failure {
            say("customsd: \(error.description)\n")
            exit(withError: ExitCode(error.code))
        } catch {
            exit(withError: error)
        }
    }

    /// Writes a line to standard error, unless its reader hangs.
    private static func say(_ line: String) {
        var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&ready, 1, 1_000) == 1 else { return }
        var line = line
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    func run() async throws {
        let plan = try Plan(settings())
        if check {
            try plan.checkFiles()
            return try say(
                "configuration ok: receives on \(plan.settings.listen.joined(separator: ", ")), writes to \(plan.store)"
            )
        }
        try await Daemon(plan: plan, reload: { try Plan(self.settings()) }).run()
    }

    /// Prints a line.
    ///
    /// - Throws: `Failure` with 74.
    private func say(_ line: String) throws {
        var line = line + "\n"
        let written = line.withUTF8 { write(1, $0.baseAddress, $0.count) }
        if written != line.utf8.count { throw Failure(74, "cannot write: \(String(cString: strerror(errno)))") }
    }

    private func settings() throws -> Settings {
        do throws(SettingsError) {
            var settings = try SettingsSources.load(path: config)
            if let stateDirectory { settings.move(stateDirectory: stateDirectory) }
            if !listen.isEmpty {
                settings.listen = listen
                settings.listenIsDefault = false
                settings.origins["listen"] = "--listen"
            }
            if let store {
                settings.store = store
                settings.origins["store"] = "--store"
            }
            if let http {
                settings.http = http
                settings.origins["http"] = "--http"
            }
            return settings
        } catch {
            throw Failure(78, error.description)
        }
    }
}

/// An end with a reason, and the exit code of `sysexits.h`.
struct Failure: Error {
    let code: Int32
    let description: String

    init(_ code: Int32, _ description: String) {
        self.code = code
        self.description = description
    }
}
