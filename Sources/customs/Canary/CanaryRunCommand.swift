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
        abstract: "Run one canary batch now, and report its result.",
        discussion: """
            Options that are not given come from customsd's configuration ([canary]). The processes run on this \
            machine, or with --mode sbatch as a batch job. For a batch job this command waits for the records; \
            customsd watches the job's end. The output is the batch's line of 'customs canary status'.

            EXAMPLES
              customs canary run --prefix /opt/customs/hook --processes 100
              customs canary run --mode sbatch --partition debug --wait 300
              customs canary run --server udp://127.0.0.1:5140

            EXIT STATUS
              0   submitted; some records arrived, or all may still arrive
              64  the command line is wrong
              69  the batch could not run, or the store cannot be reached
              74  the answer cannot be written
              75  no record arrived in time
            """)

    enum Mode: String, CaseIterable, ExpressibleByArgument {
        case local, sbatch
    }

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Option(help: "local or sbatch; by default as in the configuration (sbatch for slurmrestd), else local.")
    var mode: Mode?

    @Option(name: [.long, .customLong("of")], help: "Number of Python processes; each sends one record.")
    var processes: Int?

    @Option(help: "Number of processes that end by SIGKILL, which a sweep reports.")
    var killed: Int?

    @Option(
        help: ArgumentHelp(
            "Directory of the hook; by default as configured, else that of these programs.", valueName: "dir"))
    var prefix: String?

    @Option(help: ArgumentHelp("Server for the records, instead of the hook's.", valueName: "url"))
    var server: String?

    @Option(help: ArgumentHelp("The interpreter.", valueName: "exe"))
    var python: String?

    @Option(help: ArgumentHelp("Package that each process imports; may be repeated.", valueName: "name"))
    var package: [String] = []

    @Option(help: "For --mode sbatch.")
    var partition: String?

    @Option(help: ArgumentHelp("For --mode sbatch.", valueName: "name"))
    var node: String?

    @Option(
        help: """
            Seconds to wait for the records; missing ones are then lost. By default wait_s of the configuration (600), \
            for processes of this machine at most 30.
            """)
    var wait: Int?

    func validate() throws {
        try form.format.refusePicture()
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
        // customsd creates the tables, but an empty store works too
        try location.makeStore().migrate()
        let ledger = location.makeCanaryLedger()
        let order = CanaryBatch(
            settings, number: try ledger.last()?.count ?? 0, now: wallClock(), key: try ledger.key(),
            random: .random(in: .min ... .max))
        var failure: String?
        try CanaryDispatch.send(order, ledger: ledger, clock: wallClock) { failure = $0.failure }
        if let failure { throw Failure(.unavailable, "run \(order.run) could not run: \(failure)") }
        let end = wallClock() + Int64(settings.waitSeconds) * 1_000_000
        while true {
            let report = try ledger.ask { connection throws(StoreError) in
                try CanaryReport.ask(connection, now: wallClock(), run: order.run)
            }
            if report.count(.complete) == 1 || wallClock() > end {
                try Answered(canaries: report.answer, as: form).show()
                if report.count(.overdue) == 1, report.overall.received == 0 {
                    throw Failure(.lost, "no record of run \(order.run) has arrived")
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
        // a batch by hand belongs to the caller, but slurmrestd's token does not
        if settings.mode == .slurmrestd { settings.mode = .sbatch }
        settings.processes = processes ?? settings.processes
        settings.killed = killed ?? settings.killed
        settings.python = python ?? settings.python
        if !package.isEmpty { settings.packages = package }
        if let partition { settings.partitions = [partition] }
        if let node { settings.nodes = [node] }
        // a local batch has ended when the wait begins
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
            // the hook as delivered has no server
            settings.hook = try HookSource(directory: nil, program: ownPath()).directory
            if settings.servers.isEmpty {
                settings.servers = all.listen.filter { $0.hasPrefix("udp://") || $0.hasPrefix("unixgram://") }.prefix(1)
                    .map { $0.replacing("udp://0.0.0.0:", with: "udp://127.0.0.1:") }
            }
        }
        return settings
    }
}
