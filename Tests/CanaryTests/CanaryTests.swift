import Canary
import Glibc
import Jobs
import Record
import Settings
import TemporaryFolders
import Testing

@Suite struct CanaryTests {
    private let noon: Int64 = 1_795_262_400_000_000
    private let key = CanaryKey.random()

    private func settings(_ change: (inout CanarySettings) -> Void = { _ in }) -> CanarySettings {
        var settings = CanarySettings()
        settings.mode = .sbatch
        settings.processes = 3
        change(&settings)
        return settings
    }

    private func order(_ number: Int64 = 0, _ change: (inout CanarySettings) -> Void = { _ in }) -> CanaryBatch {
        CanaryBatch(settings(change), number: number, now: noon, key: key, random: 0xBEEF)
    }

    @Test("a run's name says when it was, and is no other's") func name() {
        #expect(order().run == "20261121t120000z-0000beef")
    }

    @Test("each process has a proof of its own") func marks() {
        var codes: Set<String> = []
        for process in 1...3 {
            let parts = order().mark(process).split(separator: ":").map(String.init)
            #expect(parts[1...] == ["\(process)", "3"])
            #expect(key.batch(ofRun: parts[0], sequence: Int64(process), of: 3) == order().run)
            codes.insert(parts[0])
        }
        #expect(codes.count == 3)
    }

    @Test("sbatch gets the script as its input: command lines are read by others") func secrecy() throws {
        let folder = TemporaryFolder("sbatch")
        let command = "\(folder.path)/sbatch"
        let file = try #require(fopen(command, "w"))
        fputs("#!/bin/sh\necho \"$@\" > \(folder.path)/arguments\ncat > \(folder.path)/script\necho 42\n", file)
        fclose(file)
        chmod(command, 0o755)
        let order = order(0) { $0.sbatch = command }
        #expect(SlurmCanaries.submit(order) == .success("42"))
        let arguments = text("\(folder.path)/arguments")
        let script = text("\(folder.path)/script")
        #expect(script == "#!/bin/sh\n\(SlurmCanaries.script(order))\n")
        #expect(arguments.contains("--job-name=customs-canary"))
        for process in 1...3 {
            #expect(script.contains(order.mark(process)))
            #expect(!arguments.contains(order.mark(process).prefix(40)))
        }
    }

    private func text(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }

    @Test("partitions, nodes and servers take turns until all combinations have come") func turns() {
        var seen: [String] = []
        for number in 0..<12 as Range<Int64> {
            let order = order(number) {
                $0.partitions = ["p", "q"]
                $0.nodes = ["m", "n", "o"]
                $0.servers = ["udp://192.0.2.1:1", "unixgram:///run/s"]
            }
            seen.append("\(order.partition) \(order.node) \(order.server ?? "")")
        }
        #expect(Set(seen).count == 12)
        #expect(order(5).partition == "" && order(5).node == "" && order(5).server == nil)
    }

    @Test("processes of this machine are of no partition and no node of Slurm's") func local() {
        let order = order(0) {
            $0.mode = .local
            $0.partitions = ["p"]
            $0.nodes = ["m"]
        }
        #expect(order.partition == "" && order.node == "")
    }

    @Test("what is written down of a run") func record() {
        let run = order(1) {
            $0.partitions = ["p", "q"]
            $0.servers = ["udp://192.0.2.1:1"]
        }.record(now: noon, gracePeriod: 60)
        #expect(
            run
                == CanaryRun(
                    run: "20261121t120000z-0000beef", submitted: noon, expected: 3, killed: 1, mode: .sbatch,
                    partition: "q", node: "", transport: "udp", deadline: noon + 60_000_000))
        #expect(order(0) { $0.mode = .local }.record(now: noon, gracePeriod: 60).killed == 0)
        #expect(order(0) { $0.killed = 99 }.record(now: noon, gracePeriod: 60).killed == 3)
    }

    private func facts(_ state: String, isFinal: Bool) -> JobFacts {
        var facts = JobFacts(jobID: "7", state: state, isFinal: isFinal)
        facts.start = noon + 1
        facts.end = isFinal ? noon + 2 : nil
        facts.exitCode = "3:0"
        return facts
    }

    private func news(_ facts: JobFacts?, after seconds: Int64 = 0) -> CanaryUpdate {
        SlurmCanaries.news(of: "r", submitted: noon, facts: facts, wait: 600_000_000, now: noon + seconds * 1_000_000)
    }

    @Test("what a job's end means for its run") func jobs() {
        let ended = news(facts("COMPLETED", isFinal: true))
        #expect(ended.ended == noon + 2 && ended.deadline == noon + 600_000_002 && ended.failure == nil)
        let failed = news(facts("FAILED", isFinal: true))
        #expect(failed.failure == "job 7 ended as FAILED 3:0")
        let waits = news(facts("PENDING", isFinal: false), after: 5)
        #expect(waits.deadline == noon + 86_405_000_000 && waits.failure == nil && waits.ended == nil)
        let requeued = news(facts("REQUEUED", isFinal: true))
        #expect(requeued.failure == nil && requeued.ended == nil)
        #expect(news(nil, after: 60) == CanaryUpdate(run: "r"))
        #expect(news(nil, after: 3_601).failure == "Slurm does not know the job")
    }
}
