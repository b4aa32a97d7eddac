import Record
import Settings

/// One run of canaries before it is sent out: which processes, where, and how they are known by.
public struct CanaryOrder: Sendable, Equatable {
    public let run: String
    public let settings: CanarySettings
    /// Empty where the choice is Slurm's, and for processes of this machine.
    public let partition: String
    public let node: String
    /// Nil for the hook's own.
    public let server: String?

    /// - Parameters:
    ///   - number: how many runs there were; partitions, nodes and servers take turns by it, each at its own pace, so that
    ///     all their combinations come.
    ///   - now: microseconds since 1970 UTC.
    ///   - random: tells runs of one moment apart.
    public init(_ settings: CanarySettings, number: Int64, now: Int64, random: UInt32) {
        self.settings = settings
        let digits = String(random, radix: 16)
        run =
            Calendar.text(microseconds: now / 1_000_000 * 1_000_000).filter { $0 != "-" && $0 != ":" }.lowercased()
            + "-"
            + String(repeating: "0", count: 8 - digits.count) + digits
        func turn(_ choices: [String], _ number: Int64) -> String? {
            choices.isEmpty ? nil : choices[Int(number % Int64(choices.count))]
        }
        server = turn(settings.servers, number)
        let round = number / Int64(max(1, settings.servers.count))
        node = (settings.isJob ? turn(settings.nodes, round) : nil) ?? ""
        partition =
            (settings.isJob ? turn(settings.partitions, round / Int64(max(1, settings.nodes.count))) : nil) ?? ""
    }

    /// - Parameters:
    ///   - now: microseconds since 1970 UTC.
    ///   - patience: until then nothing is lost, seconds.
    public func record(now: Int64, patience: Int64) -> CanaryRun {
        CanaryRun(
            run: run, submitted: now, expected: Int64(settings.processes), killed: Int64(settings.killedProcesses),
            mode: settings.mode, partition: partition, node: node,
            transport: server.map { String($0.prefix { $0 != ":" }) } ?? "hook",
            deadline: now + patience * 1_000_000)
    }

    /// The program of one of its processes, which are numbered from 1.
    func program(_ process: Int) -> String {
        let imports = "import " + settings.packages.joined(separator: ", ")
        return process <= settings.killedProcesses ? imports + "; import os; os.kill(os.getpid(), 9)" : imports
    }

    /// By which the hook knows a process for a canary.
    func mark(_ process: Int) -> String { "\(run):\(process):\(settings.processes)" }

    /// The status with which a process ends, as a shell tells it.
    func status(_ process: Int) -> Int32 { process <= settings.killedProcesses ? 137 : 0 }
}
