import ArgumentParser
import Canary
import Glibc
import HookTree
import Query
import Record
import Settings
import Store
import SystemClock

struct CanaryRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Send out one run of canaries now, and see what comes of it.",
        discussion: """
            What is not said here comes from customsd's configuration ([canary]). The processes run on this machine, or as \
            a batch job with --mode sbatch; of a batch job this waits for the records, and customsd for its end. What is \
            printed is the run's line of 'customs canary status'.

            EXAMPLES
              customs canary run --prefix /opt/customs/hook --processes 100
              customs canary run --mode sbatch --partition debug --wait 300
              customs canary run --server udp://127.0.0.1:5140

            EXIT STATUS
              0   it was sent out, and some of its records came, or all may still come
              64  the command line cannot be understood
              69  it could not run, or the store cannot be reached
              74  the answer cannot be written
              75  none of its records came in time
            """)

    enum Mode: String, CaseIterable, ExpressibleByArgument {
        case local, sbatch
    }

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Option(help: "local or sbatch. Without it as in the configuration (sbatch for slurmrestd), or local.")
    var mode: Mode?

    @Option(name: [.long, .customLong("of")], help: "How many Python processes; each sends one record.")
    var processes: Int?

    @Option(help: "How many of them end by SIGKILL, for a sweep to report.")
    var killed: Int?

    @Option(
        help: ArgumentHelp(
            "The hook's directory. Without one of the configuration it is that of these programs.", valueName: "dir"))
    var prefix: String?

    @Option(help: ArgumentHelp("Where the records go, and not where the hook says.", valueName: "url"))
    var server: String?

    @Option(help: ArgumentHelp("The interpreter.", valueName: "exe"))
    var python: String?

    @Option(help: ArgumentHelp("What each process imports; may be repeated.", valueName: "name"))
    var package: [String] = []

    @Option(help: "For --mode sbatch.")
    var partition: String?

    @Option(help: ArgumentHelp("For --mode sbatch.", valueName: "name"))
    var node: String?

    @Option(
        help: """
            Seconds to wait for the records; what has not come then is lost. Without it wait_s of the configuration \
            (600), but of processes of this machine 30 at most.
            """)
    var wait: Int?

    func validate() throws {
        if let processes, !(1...10_000).contains(processes) { throw ValidationError("--processes: from 1 to 10000") }
        if let killed, !(0...10_000).contains(killed) { throw ValidationError("--killed: from 0 to 10000") }
        if let wait, !(0...86_400).contains(wait) { throw ValidationError("--wait: from 0 to 86400 seconds") }
        for name in package where !name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._".contains($0)) })
        {
            throw ValidationError("--package '\(name)': write an import name")
        }
    }

    func run() throws {
        let location = try store.location()
        let settings = try settings()
        // customsd makes the tables, but a store that is empty is as good
        try location.makeStore().migrate()
        let ledger = location.makeCanaryLedger()
        let order = CanaryOrder(
            settings, number: try ledger.last()?.count ?? 0, now: wallClock(), random: .random(in: .min ... .max))
        var failure: String?
        try CanaryDispatch.send(order, ledger: ledger, clock: wallClock) { failure = $0.failure }
        if let failure { throw Failure(.unavailable, "run \(order.run) could not run: \(failure)") }
        let end = wallClock() + Int64(settings.waitSeconds) * 1_000_000
        while true {
            let report = try ledger.ask { connection throws(StoreError) in
                try CanaryReport.ask(connection, now: wallClock(), run: order.run)
            }
            if report.count(.complete) == 1 || wallClock() > end {
                try show(canaries: report.answer, as: form)
                if report.count(.overdue) == 1, report.overall.received == 0 {
                    throw Failure(.lost, "of run \(order.run) no record has come")
                }
                return
            }
            usleep(100_000)
        }
    }

    private func settings() throws -> CanarySettings {
        let all = try SettingsSources.load(path: store.config)
        var settings = all.canary
        if let mode { settings.mode = mode == .local ? .local : .sbatch }
        if settings.mode == .off { settings.mode = .local }
        // what runs by hand is of whoever calls this, and slurmrestd's token is not
        if settings.mode == .slurmrestd { settings.mode = .sbatch }
        settings.processes = processes ?? settings.processes
        settings.killed = killed ?? settings.killed
        settings.python = python ?? settings.python
        if !package.isEmpty { settings.packages = package }
        if let partition { settings.partitions = [partition] }
        if let node { settings.nodes = [node] }
        // what runs here has ended when the wait begins
        settings.waitSeconds =
            wait ?? (settings.mode == .sbatch ? settings.waitSeconds : min(30, settings.waitSeconds))
        if let prefix {
            settings.hook = Path.absolute(prefix)
            guard HookPlace.isHook(Path.absolute(prefix)) else {
                throw Failure(.usage, "--prefix \(prefix): there is no hook")
            }
        }
        if let server { settings.servers = [server] }
        if settings.hook == nil, settings.mode == .local {
            // the hook as it is delivered knows no server
            settings.hook = try HookSource(directory: nil, program: ownPath()).directory
            if settings.servers.isEmpty {
                settings.servers = all.listen.filter { $0.hasPrefix("udp://") || $0.hasPrefix("unixgram://") }.prefix(1)
                    .map { $0.replacing("udp://0.0.0.0:", with: "udp://127.0.0.1:") }
            }
        }
        return settings
    }
}
