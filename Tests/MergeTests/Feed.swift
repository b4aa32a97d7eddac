import Merge
import Record
import SampleRecords

/// Noon of 2026-11-21 UTC, when the tests' records arrive.
let noon: Int64 = 1_795_262_400_000_000
let second: Int64 = 1_000_000
let day = Calendar.microsecondsPerDay

/// A merger that is fed samples, as the writer feeds it the journal's entries.
struct Feed {
    var merger: Merger
    var sequence: UInt64 = 0
    private var hasher = RunHasher()
    /// The number of records that were merged by their digests.
    private(set) var takenByDigest = 0

    private let usesDigests: Bool

    init(_ merger: Merger = Merger(canaryKey: SampleRecord.canaryKey), usesDigests: Bool = true) {
        self.merger = merger
        self.usesDigests = usesDigests
    }

    mutating func add(_ sample: SampleRecord, _ envelope: Envelope = Envelope(arrival: noon)) {
        let record = sample.usage
        // some entries have no digest
        let digest = !usesDigests || sequence % 4 == 3 ? nil : RunDigest(record, envelope, by: &hasher)
        if let digest, merger.add(digest, envelope, sequence: sequence) {
            takenByDigest += 1
        } else {
            Feed.entry(sample).withUnsafeBytes { entry in
                merger.add(record, envelope, sequence: sequence, entry: entry, runHash: digest?.runHash)
            }
        }
        sequence += 1
    }

    mutating func add(_ samples: [SampleRecord]) {
        for sample in samples { add(sample) }
    }

    /// Stands in for the journal's entry: the merger only passes it on.
    static func entry(_ sample: SampleRecord) -> [UInt8] { Array("\(sample.id)/\(sample.part ?? 0)".utf8) }

    var batch: Batch { merger.batch }

    /// Counts of the batch that are not zero.
    var counters: [String: UInt64] { merger.batch.counters.values }

    var runs: [ReadRun] { batch.runs.map { ReadRun($0, merger.vocabulary) } }

    /// The number of messages whose outcome the batch tells.
    var accountedFor: UInt64 {
        batch.runs.reduce(0) { $0 + UInt64($1.processes) } + batch.counters[IngestCounters.stored]
            + batch.counters[IngestCounters.merged] + batch.counters[IngestCounters.duplicate]
            + batch.counters[IngestCounters.rejected(.unprovenCanary)]
    }
}

/// A run's key in words.
struct RunWords: Hashable {
    var day: Int32
    var cluster = ""
    /// Cluster, job id and restart; empty outside a job.
    var job: [String] = []
    var step = ""
    var user = ""
    var executable = ""
    var program = ""
    var stack: [PackageWords] = []
}

struct PackageWords: Hashable {
    var name: String
    var version: String?
    var direct: Bool?
}

/// A run with its symbols read.
struct ReadRun {
    let words: RunWords
    let delta: RunDelta
    let environment: [String?]
    let host: String

    init(_ delta: RunDelta, _ vocabulary: Vocabulary) {
        self.delta = delta
        let key = delta.key
        words = RunWords(
            day: key.day, cluster: vocabulary[.cluster].string(key.cluster),
            job: vocabulary[.job].withBytes(of: key.job) { CompoundKey.texts(of: $0).map { $0 ?? "absent" } },
            step: vocabulary[.step].string(key.step), user: vocabulary[.user].string(key.user),
            executable: vocabulary[.executable].string(key.executable),
            program: vocabulary[.program].string(key.program),
            stack: vocabulary[.stack].withBytes(of: key.stack) { Stack(key: $0) }.packages.map {
                PackageWords(name: $0.name, version: $0.version, direct: $0.direct)
            })
        environment = vocabulary[.environment].withBytes(of: delta.environment) { CompoundKey.texts(of: $0) }
        host = vocabulary[.host].string(delta.host)
    }
}

/// A record of a job's process with most keys.
func process(_ id: UInt64) -> SampleRecord {
    SampleRecord(id: id).with {
        $0.time = noon - 60 * second
        $0.elapsed = 30
        $0[.host] = "nid001"
        $0[.username] = "ada"
        $0[.executable] = "/opt/python/bin/python3"
        $0[.prefix] = "/opt/python"
        $0[.python] = "3.12.1"
        $0[.implementation] = "cpython"
        $0[.main] = "/home/ada/run.py"
        $0[.cluster] = "perlmutter"
        $0[.jobID] = "4711"
        $0[.stepID] = "0"
        $0.packages = [.init("numpy", "2.1"), .init("scipy", "1.14"), .init("os")]
        $0.direct = ["numpy"]
        $0.end = .exit
        $0.numNodes = 4
    }
}
