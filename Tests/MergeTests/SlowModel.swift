import Record
import SampleRecords

/// The merger's promises, in dictionaries of plain values and without regard to speed.
struct SlowModel {
    /// The run of a canary that no one has sent out.
    static let madeUp = "made up"

    struct Totals: Equatable {
        var processes: Int64 = 0
        var ranks: Int64 = 0
        var ends: [ProcessEnd: Int64] = [:]
        var first = Int64.max
        var last = Int64.min
    }

    private struct Waiting {
        var samples: [SampleRecord]
        let since: Int64
    }

    private(set) var runs: [RunWords: Totals] = [:]
    private(set) var counters: [String: UInt64] = [:]
    private(set) var canaries: Set<String> = []
    private(set) var snapshots: Set<UInt64> = []
    private var done: Set<UInt64> = []
    private var waiting: [UInt64: Waiting] = [:]

    var heldParts: Int { waiting.values.reduce(0) { $0 + $1.samples.count } }

    mutating func add(_ sample: SampleRecord, arrival: Int64) {
        if sample.isLegacy { return count(sample, arrival: arrival) }
        if done.contains(sample.id) { return note("duplicate") }
        if sample.end == .running {
            snapshots.insert(sample.id)
            return note("merged")
        }
        guard let parts = sample.parts else { return finish([sample], arrival: arrival) }
        var known = waiting[sample.id] ?? Waiting(samples: [], since: arrival)
        if known.samples.contains(where: { $0.part == sample.part }) { return note("duplicate") }
        known.samples.append(sample)
        waiting[sample.id] = known
        if known.samples.count == parts {
            waiting[sample.id] = nil
            finish(known.samples, arrival: known.since)
        }
    }

    mutating func expire(now: Int64) {
        for (id, known) in waiting where known.since < now - 60_000_000 {
            waiting[id] = nil
            note("incomplete_parts")
            if done.contains(id) {
                note("duplicate", UInt64(known.samples.count))
            } else {
                finish(known.samples, arrival: known.since)
            }
        }
    }

    private mutating func note(_ name: String, _ count: UInt64 = 1) {
        if count > 0 { counters[name, default: 0] += count }
    }

    private mutating func finish(_ samples: [SampleRecord], arrival: Int64) {
        var whole = samples[0]
        whole.packages = samples.flatMap { $0.packages }
        let direct = samples.compactMap { $0.direct }
        whole.direct = direct.isEmpty ? nil : direct.flatMap { $0 }
        note("merged", UInt64(samples.count - 1))
        done.insert(whole.id)
        snapshots.remove(whole.id)
        count(whole, arrival: arrival)
    }

    private mutating func count(_ sample: SampleRecord, arrival: Int64) {
        if let canary = sample.canary {
            if canary.run == SlowModel.madeUp { return note("rejected.unproven_canary") }
            canaries.insert("c \(canary.sequence)")
            return note("stored")
        }
        var time = sample.time ?? arrival
        if time > arrival + 86_400_000_000 {
            note("clock_ahead")
            time = arrival
        }
        var packages: [String: String?] = [:]
        for package in sample.packages { packages.updateValue(package.version, forKey: package.name) }
        let inJob = !(sample[.jobID] ?? "").isEmpty
        let words = RunWords(
            day: Int32((Double(time) / 86_400e6).rounded(.down)), cluster: sample[.cluster] ?? "",
            job: inJob ? [sample[.cluster] ?? "", sample[.jobID] ?? "", "\(sample.restart ?? 0)"] : [],
            step: inJob ? sample[.stepID] ?? "" : "", user: sample[.username] ?? "",
            executable: sample[.executable] ?? "", program: sample[.main] ?? "",
            stack: packages.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { name in
                PackageWords(
                    name: name, version: packages[name] ?? nil, direct: sample.direct.map { $0.contains(name) })
            })
        var totals = runs[words] ?? Totals()
        totals.processes += 1
        totals.ranks += sample.rank == nil ? 0 : 1
        if let end = sample.end, end != .exit { totals.ends[end, default: 0] += 1 }
        totals.first = min(totals.first, time)
        totals.last = max(totals.last, time)
        runs[words] = totals
    }
}
