import Merge
import Record
import SampleRecords
import Testing

/// Random sequences of all kinds of records, in batches of random length, against the slow model.
@Suite struct ModelTests {
    @Test("the merger does what the slow model does", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func model(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        // with even seeds the vocabulary is full after nearly every batch, which must change nothing
        let bound = seed % 2 == 0 ? 5 : 500_000
        var feed = Feed(Merger(vocabulary: Vocabulary(maximumSymbols: bound), canaryKey: SampleRecord.canaryKey))
        var model = SlowModel()
        var merged = Sums()
        var now = noon
        var messages = 0
        for _ in 0..<4_000 {
            now += Int64(random.below(2_000_000))
            let sample = record(&random, now: now)
            feed.add(sample, Envelope(arrival: now))
            model.add(sample, arrival: now)
            messages += 1
            guard random.once(in: 40) else { continue }
            feed.merger.expireParts(now: now)
            model.expire(now: now)
            merged.take(feed)
            feed.merger.finishBatch()
            #expect(merged.accountedFor + UInt64(merged.held.count) == UInt64(messages))
            #expect(merged.held.count == model.heldParts)
        }
        merged.take(feed)
        #expect(merged.runs == model.runs)
        #expect(merged.counters == model.counters)
        #expect(merged.canaries == model.canaries)
        #expect(merged.snapshots == model.snapshots)
        #expect(merged.accountedFor + UInt64(merged.held.count) == UInt64(messages))
        // otherwise the sequence would prove little
        #expect(feed.takenByDigest > 5)
        #expect(merged.runs.count > 100 && merged.runs.values.contains { $0.processes > 3 })
        for name in ["duplicate", "merged", "stored", "incomplete_parts", "clock_ahead", "rejected.unproven_canary"] {
            #expect(merged.counters[name, default: 0] > 5, "\(name)")
        }
        #expect(feed.merger.vocabulary.generation > (bound == 5 ? 50 : -1))
    }

    @Test(
        "a batch that is undone and fed again, in other pieces, comes to the same",
        arguments: [1, 2, 3, 4] as [UInt64])
    func undone(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        var plain = Feed()
        var undone = Feed()
        var (expected, found) = (Sums(), Sums())
        var now = noon
        for _ in 0..<60 {
            let batch = (0..<(1 + random.below(120))).map { _ in
                now += Int64(random.below(2_000_000))
                return (record(&random, now: now), Envelope(arrival: now))
            }
            let sequence = plain.sequence
            for (sample, envelope) in batch { plain.add(sample, envelope) }
            plain.merger.expireParts(now: now)
            expected.take(plain)
            plain.merger.finishBatch()

            // first the whole batch, then any piece of it, may be fed and undone before it is taken
            for (sample, envelope) in batch { undone.add(sample, envelope) }
            undone.merger.expireParts(now: now)
            undone.merger.undoBatch()
            var start = 0
            while start < batch.count {
                let end = start + 1 + random.below(batch.count - start)
                undone.sequence = sequence + UInt64(start)
                for (sample, envelope) in batch[start..<end] { undone.add(sample, envelope) }
                if random.once(in: 3) {
                    undone.merger.undoBatch()
                    continue
                }
                found.take(undone)
                undone.merger.finishBatch()
                start = end
            }
            while undone.merger.expireParts(now: now, limit: 1) > 0 {
                if random.once(in: 3) {
                    undone.merger.undoBatch()
                    continue
                }
                found.take(undone)
                undone.merger.finishBatch()
            }
            undone.merger.endReplay()
        }
        #expect(found.runs == expected.runs)
        #expect(found.counters == expected.counters)
        #expect(found.canaries == expected.canaries)
        #expect(found.snapshots == expected.snapshots)
        #expect(found.held == expected.held)
        #expect(found.accountedFor == expected.accountedFor)
        #expect(expected.runs.count > 50 && expected.counters["incomplete_parts", default: 0] > 5)
    }

    @Test("a record comes to the same by its digest as by itself", arguments: [1, 2, 3] as [UInt64])
    func digests(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        var (byDigest, plain) = (Feed(), Feed(usesDigests: false))
        var (found, expected) = (Sums(), Sums())
        for _ in 0..<20 {
            for _ in 0..<200 {
                let sample = ofFewRuns(&random)
                let isByKernel = random.once(in: 4)
                let envelope = Envelope(
                    arrival: noon + Int64(random.below(9)), headerTime: random.once(in: 2) ? noon - day : nil,
                    identity: isByKernel ? .kernel : .claimed, uid: isByKernel ? UInt32(random.below(2)) : nil,
                    pid: isByKernel ? 7 : nil)
                byDigest.add(sample, envelope)
                plain.add(sample, envelope)
            }
            #expect(byDigest.batch.runs.map { $0.started } == plain.batch.runs.map { $0.started })
            #expect(byDigest.batch.lastArrival == plain.batch.lastArrival)
            #expect(byDigest.batch.messages == plain.batch.messages)
            found.take(byDigest)
            expected.take(plain)
            byDigest.merger.finishBatch()
            plain.merger.finishBatch()
        }
        #expect(found.runs == expected.runs)
        #expect(found.counters == expected.counters)
        #expect(found.snapshots == expected.snapshots)
        #expect(byDigest.takenByDigest > 1_000 && plain.takenByDigest == 0)
        for name in ["duplicate", "merged", "clock_ahead"] {
            #expect(expected.counters[name, default: 0] > 5, "\(name)")
        }
    }

    /// A process that may be known already, or a snapshot of one.
    private func ofFewRuns(_ random: inout FixedRandom) -> SampleRecord {
        process(UInt64(random.below(9_000))).with {
            $0[.username] = "user\(random.below(3))"
            $0.uid = 5
            $0.time = random.once(in: 4) ? nil : noon - Int64(random.below(2)) * day
            if random.once(in: 50) { $0.time = noon + 2 * day }
            $0.elapsed = random.once(in: 4) ? nil : Double(random.below(100)) - 10
            $0.rank = random.once(in: 3) ? 0 : nil
            $0.end = [.exit, .exception, .signal, .killed, nil][random.below(5)]
            if random.once(in: 12) { $0.end = .running }
        }
    }

    /// Few different values, so that all that can coincide does.
    private func record(_ random: inout FixedRandom, now: Int64) -> SampleRecord {
        var sample = SampleRecord(id: UInt64(random.below(3_000)))
        // all records of one identity have the same content, as the hook's do
        var own = FixedRandom(seed: sample.id)
        sample.time = own.once(in: 5) ? nil : now - Int64(own.below(5)) * 20_000_000_000
        if own.once(in: 50) { sample.time = now + 2 * day }
        sample[.username] = "user\(own.below(3))"
        sample[.cluster] = own.once(in: 3) ? nil : "c\(own.below(2))"
        sample[.jobID] = own.once(in: 4) ? nil : "\(own.below(4))"
        sample[.stepID] = "\(own.below(2))"
        sample[.main] = own.once(in: 2) ? "a.py" : nil
        sample.restart = own.once(in: 5) ? 1 : nil
        sample.rank = own.once(in: 3) ? 0 : nil
        sample.end = [.exit, .exception, .signal, .killed, nil][own.below(5)]
        if own.once(in: 10) { sample.beCanary(of: "c", Int64(sample.id), of: 3_000) }
        if own.once(in: 20) { sample.canary = (SlowModel.madeUp, Int64(sample.id), 3_000) }
        if own.once(in: 20), sample.canary == nil { sample.isLegacy = true }
        let isInParts = own.once(in: 4) && !sample.isLegacy
        sample.packages = (0..<own.below(4)).map { .init("p\(own.below(4))", $0 == 0 ? nil : "\(own.below(2))") }
        sample.direct = own.once(in: 3) ? nil : ["p0"]
        if isInParts {
            sample.parts = 3
            sample.part = Int64(1 + random.below(3))
            // a name is in one part only
            sample.packages = [.init("p\(sample.part ?? 0)", "1")]
        } else if !sample.isLegacy, sample.canary == nil, random.once(in: 6) {
            sample.end = .running
        }
        return sample
    }
}

/// The sums of all batches of a sequence.
private struct Sums {
    var runs: [RunWords: SlowModel.Totals] = [:]
    var counters: [String: UInt64] = [:]
    var canaries: Set<String> = []
    var snapshots: Set<UInt64> = []
    var held: Set<String> = []
    var accountedFor: UInt64 = 0

    /// Takes the batch as a store would.
    mutating func take(_ feed: Feed) {
        for run in feed.runs {
            var totals = runs[run.words] ?? SlowModel.Totals()
            totals.processes += run.delta.processes
            totals.ranks += run.delta.ranks
            for (end, count) in [
                (.exception, run.delta.exceptions), (.signal, run.delta.signals), (.killed, run.delta.killed),
            ] as [(ProcessEnd, Int64)] where count > 0 { totals.ends[end, default: 0] += count }
            totals.first = min(totals.first, run.delta.firstSeen)
            totals.last = max(totals.last, run.delta.lastSeen)
            runs[run.words] = totals
        }
        for (name, count) in feed.counters { counters[name, default: 0] += count }
        for canary in feed.batch.canaries { canaries.insert("\(canary.run) \(canary.sequence)") }
        for snapshot in feed.batch.snapshots { snapshots.insert(snapshot.id.low) }
        for id in feed.batch.endedSnapshots { snapshots.remove(id.low) }
        for part in feed.batch.heldParts { held.insert("\(part.id.low)/\(part.part)") }
        for id in feed.batch.releasedParts { held = held.filter { !$0.hasPrefix("\(id.low)/") } }
        accountedFor += feed.accountedFor
    }
}
