import Merge
import Record
import SampleRecords
import Synchronization
import Testing

@Suite struct DuplicateTests {
    @Test("the same record again counts as duplicate, in the batch and after it") func twice() {
        var feed = Feed()
        feed.add([process(1), process(1), process(2)])
        #expect(feed.runs.map { $0.delta.processes } == [2])
        #expect(feed.counters == ["duplicate": 1])
        feed.merger.finishBatch()
        #expect(feed.batch.isEmpty)
        feed.add([process(1), process(3)])
        #expect(feed.runs.map { $0.delta.processes } == [1])
        #expect(feed.counters == ["duplicate": 1])
        #expect(feed.batch.messages == 2)
    }

    @Test("a record from before a restart is remembered") func restart() {
        var feed = Feed()
        feed.merger.remember(process(1).usage, Envelope(arrival: noon), sequence: 0)
        #expect(feed.batch.isEmpty)
        feed.add([process(1), process(2)])
        #expect(feed.counters == ["duplicate": 1])
        #expect(feed.runs.map { $0.delta.processes } == [1])
    }

    @Test("messages of the older form have no identity: each counts") func legacy() {
        var feed = Feed()
        let message = SampleRecord(id: 0).with {
            $0.isLegacy = true
            $0[.username] = "ada"
            $0.packages = [.init("numpy", "1.0")]
        }
        feed.merger.remember(message.usage, Envelope(arrival: noon), sequence: 0)
        feed.add([message, message])
        #expect(feed.counters.isEmpty)
        #expect(feed.runs.map { $0.delta.processes } == [2])
    }

    @Test("tallies and rejects go into the batch's counters") func tallies() {
        var feed = Feed()
        feed.merger.add(tally: [("kernel_dropped", 3), ("rejected.empty", 1)])
        feed.merger.reject(.empty)
        feed.merger.reject(.journalDamaged, count: 4)
        #expect(feed.counters == ["kernel_dropped": 3, "rejected.empty": 2, "rejected.journal_damaged": 4])
        #expect(!feed.batch.isEmpty && feed.batch.messages == 0)
    }

    @Test("keys that are unknown are counted") func unknownKeys() {
        var feed = Feed()
        feed.add([process(1).with { $0.unknownKeys = 2 }, process(2), process(3).with { $0.unknownKeys = 1 }])
        #expect(feed.counters == ["unknown_keys": 3])
    }
}

@Suite struct TimeTests {
    private func seen(_ sample: SampleRecord, _ envelope: Envelope) -> (time: Int64?, counters: [String: UInt64]) {
        var feed = Feed()
        feed.add(sample, envelope)
        return (feed.runs.first?.delta.firstSeen, feed.counters)
    }

    @Test("the record's time, else the header's, else that of arrival") func order() {
        let silent = process(1).with { $0.time = nil }
        #expect(seen(process(1), Envelope(arrival: noon, headerTime: noon - 5)).time == noon - 60 * second)
        #expect(seen(silent, Envelope(arrival: noon, headerTime: noon - 5)).time == noon - 5)
        #expect(seen(silent, Envelope(arrival: noon)).time == noon)
    }

    @Test(
        "a time up to a day ahead is believed, a later one is not",
        arguments: [(0, false), (1, true)] as [(Int64, Bool)])
    func ahead(beyond: Int64, isRefused: Bool) {
        let time = noon + day + beyond
        let result = seen(process(1).with { $0.time = time }, Envelope(arrival: noon))
        #expect(result.time == (isRefused ? noon : time))
        #expect(result.counters == (isRefused ? ["clock_ahead": 1] : [:]))
    }

    @Test("a header's time is not believed either if it lies ahead") func headerAhead() {
        let result = seen(process(1).with { $0.time = nil }, Envelope(arrival: noon, headerTime: noon + 2 * day))
        #expect(result.time == noon && result.counters == ["clock_ahead": 1])
    }

    @Test("an old time is believed: relays keep records for long") func old() {
        let result = seen(process(1).with { $0.time = noon - 400 * day }, Envelope(arrival: noon))
        #expect(result.time == noon - 400 * day && result.counters.isEmpty)
    }
}

@Suite struct IdentityTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String?
        var uid: Int64?
        var envelope: Envelope
        var user: String
        var isForeign = false
        var testDescription: String { "\(name ?? "no user") \(uid ?? -1) by \(envelope.identity) \(envelope.uid ?? 0)" }
    }

    private static func kernel(_ uid: UInt32) -> Envelope {
        Envelope(arrival: noon, identity: .kernel, uid: uid, pid: 1)
    }
    private static let claimed = Envelope(arrival: noon)

    private static let relay = Envelope(arrival: noon, identity: .relay, relay: RelayName("relay-1"))

    static let cases = [
        Case(name: "ada", uid: 1_001, envelope: claimed, user: "ada"),
        Case(name: "ada", uid: nil, envelope: claimed, user: "ada"),
        Case(name: nil, uid: 1_001, envelope: claimed, user: "#1001"),
        Case(name: "", uid: 1_001, envelope: claimed, user: "#1001"),
        Case(name: nil, uid: nil, envelope: claimed, user: ""),
        Case(name: "bob", uid: 1_001, envelope: claimed, user: "bob"),
        // root and relays speak for others
        Case(name: "ada", uid: 1_001, envelope: kernel(0), user: "ada"),
        Case(name: "bob", uid: 1_001, envelope: kernel(0), user: "bob"),
        Case(name: nil, uid: 1_001, envelope: kernel(0), user: "#1001"),
        Case(name: "ada", uid: 1_001, envelope: relay, user: "ada"),
        // the machine's user database has the name of a proven uid
        Case(name: "bob", uid: 1_002, envelope: kernel(1_002), user: "bob"),
        Case(name: nil, uid: nil, envelope: kernel(1_002), user: "bob"),
        Case(name: nil, uid: 1_002, envelope: kernel(1_002), user: "bob"),
        Case(name: "ada", uid: 1_002, envelope: kernel(1_002), user: "bob", isForeign: true),
        Case(name: "ada", uid: 1_001, envelope: kernel(1_002), user: "bob", isForeign: true),
        Case(name: "bob", uid: 1_001, envelope: kernel(1_002), user: "bob", isForeign: true),
        Case(name: "ada", uid: nil, envelope: kernel(1_002), user: "bob", isForeign: true),
        Case(name: "root", uid: 0, envelope: kernel(1_002), user: "bob", isForeign: true),
        // a uid that it does not know has no name, whatever is claimed
        Case(name: nil, uid: 1_001, envelope: kernel(1_001), user: "#1001"),
        Case(name: "ada", uid: 1_001, envelope: kernel(1_001), user: "#1001", isForeign: true),
        Case(name: "bob", uid: 1_001, envelope: kernel(1_001), user: "#1001", isForeign: true),
        Case(name: "root", uid: 1_001, envelope: kernel(1_001), user: "#1001", isForeign: true),
        Case(name: "#1002", uid: 1_001, envelope: kernel(1_001), user: "#1001", isForeign: true),
        Case(name: "#1001", uid: 1_001, envelope: kernel(1_001), user: "#1001"),
        // a user to whom the kernel gives the overflow uid
        Case(name: "nobody", uid: 65_534, envelope: kernel(65_534), user: "nobody"),
        Case(name: "bob", uid: 65_534, envelope: kernel(65_534), user: "#65534", isForeign: true),
        Case(name: "daemon", uid: 65_534, envelope: kernel(65_534), user: "#65534", isForeign: true),
        Case(name: nil, uid: 65_534, envelope: kernel(65_534), user: "#65534"),
        // names that no user has, by whomever
        Case(name: "#1002", uid: 1_001, envelope: claimed, user: "#1001", isForeign: true),
        Case(name: "#1002", uid: nil, envelope: claimed, user: "", isForeign: true),
        Case(name: "#1001", uid: 1_001, envelope: claimed, user: "#1001"),
        Case(name: "#", uid: nil, envelope: claimed, user: "", isForeign: true),
        Case(name: "#ada", uid: nil, envelope: claimed, user: "#ada"),
        Case(name: "user-0123456789abcdef", uid: 1_001, envelope: claimed, user: "#1001", isForeign: true),
        Case(name: "user-0123456789abcdef", uid: 1_001, envelope: kernel(0), user: "#1001", isForeign: true),
        Case(name: "user-0123456789abcdef", uid: 1_001, envelope: relay, user: "#1001", isForeign: true),
        Case(name: "user-0123456789abcdef", uid: 1_002, envelope: kernel(1_002), user: "bob", isForeign: true),
        Case(name: "user-0123456789abcdeg", uid: 1_001, envelope: claimed, user: "user-0123456789abcdeg"),
        Case(name: "user-0123456789abcde", uid: 1_001, envelope: claimed, user: "user-0123456789abcde"),
    ]

    private static let names: [UInt32: String] = [0: "root", 1_002: "bob", 65_534: "nobody"]

    @Test("whose a process is", arguments: cases) func user(example: Case) throws {
        var feed = Feed(Merger { uid in IdentityTests.names[uid].map { .known($0) } ?? .unknown })
        // the second record is one more process of a run that the first has shown
        for id in 1...2 as ClosedRange<UInt64> {
            feed.add(
                process(id).with {
                    $0[.username] = example.name; $0.uid = example.uid
                }, example.envelope)
        }
        let run = try #require(feed.runs.first)
        #expect(feed.runs.count == 1 && run.delta.processes == 2)
        #expect(run.words.user == example.user)
        #expect(run.delta.key.flags.contains(.vouched) == (example.envelope.identity != .claimed))
        #expect(feed.batch.counters[IngestCounters.foreignName] == (example.isForeign ? 2 : 0))
    }

    @Test("a uid is looked up once, and again after ten minutes, or ten seconds if there was no answer")
    func lookups() {
        let lookups = Atomic<Int>(0)
        var merger = Merger { uid in
            lookups.add(1, ordering: .relaxed)
            return uid == 1_001 ? .known("ada") : .notNow
        }
        func add(_ ids: ClosedRange<UInt64>, of uid: UInt32, at seconds: Int64) {
            for id in ids {
                let sample = process(id).with {
                    $0[.username] = "ada"; $0.uid = Int64(uid); $0[.main] = "\(id)"
                }
                merger.add(
                    sample.usage, Envelope(arrival: noon + seconds * second, identity: .kernel, uid: uid, pid: 1),
                    sequence: id, entry: UnsafeRawBufferPointer(start: nil, count: 0))
            }
        }
        add(1...20, of: 1_001, at: 0)
        add(21...40, of: 1_001, at: 540)
        #expect(lookups.load(ordering: .relaxed) == 1)
        add(41...60, of: 1_001, at: 660)
        #expect(lookups.load(ordering: .relaxed) == 2)
        add(61...80, of: 1_002, at: 660)
        add(81...90, of: 1_002, at: 669)
        #expect(lookups.load(ordering: .relaxed) == 3)
        add(91...99, of: 1_002, at: 671)
        #expect(lookups.load(ordering: .relaxed) == 4)
        // a clock that was set back
        add(100...120, of: 1_001, at: 0)
        #expect(lookups.load(ordering: .relaxed) == 5)
    }

    @Test("staff and compute nodes are marked only if the record says yes") func flags() {
        for (flag, isSet) in [(true, true), (false, false), (nil, false)] as [(Bool?, Bool)] {
            var feed = Feed()
            feed.add(
                process(1).with {
                    $0.isStaff = flag; $0.isCompute = flag
                })
            #expect(feed.runs.map { $0.delta.key.flags } == [isSet ? [.staff, .compute] : []])
        }
    }

    @Test("the older word for a container stands where there is no newer one") func shifter() {
        for (container, isShifter, expected) in [
            (nil, true, "shifter"), ("podman", true, "podman"), ("", true, "shifter"), (nil, false, ""), (nil, nil, ""),
        ] as [(String?, Bool?, String)] {
            var feed = Feed()
            feed.add(
                process(1).with {
                    $0[.container] = container; $0.isShifter = isShifter
                })
            #expect(feed.runs.map { $0.environment[3] } == [expected])
        }
    }
}

@Suite struct ClippingTests {
    @Test("a text over the bound is cut where a character ends, and counted") func cut() throws {
        let limit = maximumTextBytes
        var feed = Feed()
        feed.add(process(1).with { $0[.main] = String(repeating: "x", count: limit) })
        #expect(feed.counters.isEmpty)
        feed.merger.finishBatch()
        feed.add(process(2).with { $0[.main] = "x" + String(repeating: "🐍", count: limit / 4) })
        let program = try #require(feed.runs.first?.words.program)
        #expect(program == "x" + String(repeating: "🐍", count: limit / 4 - 1))
        #expect(feed.counters == ["clipped_texts": 1])
    }

    @Test("texts of jobs and environments are cut too") func compound() throws {
        let long = String(repeating: "y", count: maximumTextBytes + 1)
        var feed = Feed()
        feed.add(
            process(1).with {
                $0[.jobID] = long; $0[.prefix] = long; $0[.cluster] = long
            })
        let run = try #require(feed.runs.first)
        #expect(run.words.job.map { $0.utf8.count } == [2_000, 2_000, 1])
        #expect(run.words.cluster == run.words.job[0], "the job's cluster must be found among the clusters")
        #expect(run.environment[0]?.utf8.count == 2_000)
    }
}

@Suite struct CanaryTests {
    @Test("canaries are seen and are no usage") func seen() {
        var feed = Feed()
        let canary = process(1).with { $0.beCanary(of: "night", 3, of: 10) }
        feed.add([canary, canary, process(2).with { $0.beCanary(of: "night", 4, of: 10) }])
        #expect(feed.runs.isEmpty && feed.batch.jobs.isEmpty)
        #expect(feed.batch.canaries.map { $0.run } == ["night", "night"])
        #expect(feed.batch.canaries.map { $0.sequence } == [3, 4])
        #expect(feed.batch.canaries.allSatisfy { $0.of == 10 && $0.arrival == noon })
        #expect(feed.counters == ["stored": 2, "duplicate": 1])
    }

    @Test("a canary that nothing proves is rejected, and is no usage either") func forged() {
        var feed = Feed()
        let real = process(1).with { $0.beCanary(of: "night", 3, of: 10) }
        feed.add([
            process(2).with { $0.canary = ("night", 4, 10) },
            process(3).with { $0.canary = real.canary.map { ($0.run, 4, 10) } },
            process(4).with { $0.canary = real.canary.map { ($0.run, 3, 4) } },
        ])
        #expect(feed.runs.isEmpty && feed.batch.canaries.isEmpty)
        #expect(feed.counters == ["rejected.unproven_canary": 3])
    }

    @Test("a canary's record that is sent again under other identities counts once") func replayed() {
        var feed = Feed()
        for id in 1...50 as ClosedRange<UInt64> { feed.add(process(id).with { $0.beCanary(of: "night", 3, of: 10) }) }
        #expect(feed.batch.canaries.count == 1)
        #expect(feed.counters == ["stored": 1, "duplicate": 49])
    }
}
