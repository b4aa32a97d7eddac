import Record
import Settings

/// A canary batch before it is submitted: its processes, their place, and their names.
public struct CanaryBatch: Sendable, Equatable {
    public let run: String
    public let settings: CanarySettings
    /// Empty if Slurm chooses the partition, and for processes of this machine.
    public let partition: String
    public let node: String
    /// Nil for the hook's own server.
    public let server: String?
    /// Proves that records are of this batch.
    private let key: CanaryKey

    /// - Parameters:
    ///   - number: the number of earlier batches. Partitions, nodes and servers rotate by it, each at its own pace, so
    ///     that all their combinations occur.
    ///   - now: microseconds since 1970 UTC.
    ///   - key: the store's.
    ///   - random: distinguishes batches of the same moment.
    public init(_ settings: CanarySettings, number: Int64, now: Int64, key: CanaryKey, random: UInt32) {
        self.settings = settings
        self.key = key
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
    ///   - gracePeriod: the time in which no record counts as lost, seconds.
    public func record(now: Int64, gracePeriod: Int64) -> CanaryRun {
        CanaryRun(
            run: run, submitted: now, expected: Int64(settings.processes), killed: Int64(settings.killedProcesses),
            mode: settings.mode, partition: partition, node: node,
            transport: server.map { String($0.prefix { $0 != ":" }) } ?? "hook",
            deadline: now + gracePeriod * 1_000_000)
    }

    /// The program of one of its processes. Processes are numbered from 1.
    func program(_ process: Int) -> String {
        let imports = "import " + settings.packages.joined(separator: ", ")
        return process <= settings.killedProcesses ? imports + "; import os; os.kill(os.getpid(), 9)" : imports
    }

    /// The value by which the hook recognises a process as a canary, and the daemon its record as one of this batch.
    package func mark(_ process: Int) -> String {
        let name = key.runName(of: run, sequence: Int64(process), of: Int64(settings.processes))
        return "\(name):\(process):\(settings.processes)"
    }

    /// The exit status of a process, as a shell reports it.
    func status(_ process: Int) -> Int32 { process <= settings.killedProcesses ? 137 : 0 }
}
