import Merge
import Record
import SampleRecords
import Testing

@Suite struct RunTests {
    @Test("a run says what its first process said") func first() throws {
        var feed = Feed()
        feed.add(
            process(1).with {
                $0.isCompute = true
                $0[.system] = "perlmutter"
                $0[.subsystem] = "gpu"
                $0[.container] = "shifter"
            })
        let run = try #require(feed.runs.first)
        #expect(feed.runs.count == 1)
        #expect(
            run.words
                == RunWords(
                    day: 20_778, cluster: "perlmutter", job: ["perlmutter", "4711", "0"], step: "0", user: "ada",
                    executable: "/opt/python/bin/python3", program: "/home/ada/run.py",
                    stack: [
                        PackageWords(name: "numpy", version: "2.1", direct: true),
                        PackageWords(name: "os", version: nil, direct: false),
                        PackageWords(name: "scipy", version: "1.14", direct: false),
                    ]))
        #expect(run.environment == ["/opt/python", "3.12.1", "cpython", "shifter", "perlmutter", "gpu"])
        #expect(run.host == "nid001")
        #expect(run.delta.processes == 1 && run.delta.ranks == 0)
        #expect(run.delta.firstSeen == noon - 60 * second && run.delta.lastSeen == run.delta.firstSeen)
        #expect(run.delta.started == noon - 90 * second)
        #expect(run.delta.key.flags == .compute)
        #expect(feed.batch.messages == 1 && feed.batch.lastArrival == noon && feed.counters.isEmpty)
    }

    @Test("processes of one run add up") func merging() throws {
        var feed = Feed()
        let times: [Int64] = [-50, -70, -60, -60]
        let ends: [ProcessEnd?] = [.killed, .exception, .signal, nil]
        for (index, time) in times.enumerated() {
            feed.add(
                process(UInt64(index)).with {
                    $0.time = noon + time * second
                    $0.elapsed = Double(10 + index)
                    $0.end = ends[index]
                    $0.rank = index == 3 ? nil : Int64(index)
                    $0[.host] = "nid00\(index)"
                })
        }
        let run = try #require(feed.runs.first?.delta)
        #expect(feed.runs.count == 1)
        #expect(run.processes == 4 && run.ranks == 3)
        #expect(run.killed == 1 && run.exceptions == 1 && run.signals == 1)
        #expect(run.firstSeen == noon - 70 * second && run.lastSeen == noon - 50 * second)
        #expect(run.started == noon - 81 * second)
        #expect(feed.runs.first?.host == "nid000")
    }

    @Test("whatever makes another run", arguments: RunTests.differences.indices) func different(index: Int) {
        let (name, change) = RunTests.differences[index]
        var feed = Feed()
        feed.add([process(1), process(2).with(change), process(3), process(4).with(change)])
        #expect(feed.runs.count == 2, "\(name)")
        #expect(feed.runs.map { $0.delta.processes } == [2, 2], "\(name)")
    }

    private static let differences: [(String, @Sendable (inout SampleRecord) -> Void)] = [
        ("day", { $0.time = noon - day }),
        ("cluster", { $0[.cluster] = "alvarez" }),
        ("job", { $0[.jobID] = "4712" }),
        ("restart", { $0.restart = 1 }),
        ("no job", { $0[.jobID] = nil }),
        ("step", { $0[.stepID] = "1" }),
        ("user", { $0[.username] = "bob" }),
        ("executable", { $0[.executable] = "/usr/bin/python3" }),
        ("program", { $0[.main] = "-c" }),
        ("another version", { $0.packages[0].version = "2.2" }),
        ("a version unknown", { $0.packages[0].version = nil }),
        ("an empty version", { $0.packages[2].version = "" }),
        ("a package more", { $0.packages.append(.init("sys")) }),
        ("a package less", { $0.packages.removeLast() }),
        ("no package", { $0.packages = [] }),
        ("other direct use", { $0.direct = ["scipy"] }),
        ("no direct use", { $0.direct = [] }),
        ("direct use unknown", { $0.direct = nil }),
        ("another prefix", { $0[.prefix] = "/elsewhere" }),
        ("another Python", { $0[.python] = "3.13.0" }),
        ("another system", { $0[.system] = "other" }),
        ("a container", { $0[.container] = "podman" }),
        ("a compute node", { $0.isCompute = true }),
        ("staff", { $0.isStaff = true }),
    ]

    @Test("what makes no other run", arguments: RunTests.likenesses.indices) func same(index: Int) {
        let (name, change) = RunTests.likenesses[index]
        var feed = Feed()
        feed.add([process(1), process(2).with(change)])
        #expect(feed.runs.map { $0.delta.processes } == [2], "\(name)")
    }

    private static let likenesses: [(String, @Sendable (inout SampleRecord) -> Void)] = [
        ("another time of the day", { $0.time = noon + 6 * 3_600 * second }),
        ("another host", { $0[.host] = "nid999" }),
        ("another end", { $0.end = .killed }),
        ("not staff, said aloud", { $0.isStaff = false }),
        ("restart 0 said aloud", { $0.restart = 0 }),
        ("another order of packages", { $0.packages.reverse() }),
        ("a direct name that is no package", { $0.direct = ["numpy", "other"] }),
        ("direct names twice", { $0.direct = ["numpy", "numpy"] }),
        ("a package named twice, the later as before", { $0.packages.insert(.init("numpy", "1.0"), at: 0) }),
    ]

    @Test("outside a job there is no step, and nodes count for nothing") func noJob() throws {
        var feed = Feed()
        for id in 1...2 as ClosedRange<UInt64> {
            feed.add(
                process(id).with {
                    $0[.jobID] = id == 1 ? nil : ""
                    $0[.stepID] = "\(id)"
                })
        }
        let run = try #require(feed.runs.first)
        #expect(feed.runs.count == 1 && run.delta.processes == 2)
        #expect(run.words.job == [] && run.words.step == "" && run.delta.sizeClass == 0)
        #expect(feed.batch.jobs.isEmpty)
    }

    @Test("of a package named twice the later counts") func packageTwice() throws {
        var feed = Feed()
        feed.add(process(1).with { $0.packages = [.init("a", "1"), .init("b", "1"), .init("a"), .init("b", "2")] })
        let stack = try #require(feed.runs.first?.words.stack)
        #expect(stack.map { $0.name } == ["a", "b"])
        #expect(stack.map { $0.version } == [nil, "2"])
    }

    @Test("packages are sorted by their bytes and survive hostile names") func hostilePackages() throws {
        let names = ["é", "z", "Z", "a\u{0}b", "", "🐍", "a.b", "\u{1}\u{0}d", "d"]
        var feed = Feed()
        feed.add(
            process(1).with {
                $0.packages = names.map { .init($0, $0) }
                $0.direct = ["🐍"]
            })
        let stack = try #require(feed.runs.first?.words.stack)
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(stack.map { $0.name } == sorted)
        #expect(stack.map { $0.version } == sorted)
        #expect(stack.filter { $0.direct == true }.map { $0.name } == ["🐍"])
    }

    @Test("an empty stack is the same, whether direct use is known or not") func emptyStack() {
        var feed = Feed()
        feed.add([
            process(1).with {
                $0.packages = []; $0.direct = nil
            },
            process(2).with {
                $0.packages = []; $0.direct = ["numpy"]
            },
        ])
        #expect(feed.runs.map { $0.delta.processes } == [2])
        #expect(feed.runs.first?.words.stack == [])
    }

    @Test(
        "the size class is 1 + floor(log2(nodes))",
        arguments: [(nil, 0), (0, 0), (-1, 0), (1, 1), (2, 2), (3, 2), (4, 3), (1_023, 10), (1_024, 11)]
            as [(Int64?, Int32)])
    func sizeClass(nodes: Int64?, expected: Int32) {
        var feed = Feed()
        feed.add(process(1).with { $0.numNodes = nodes })
        #expect(feed.runs.map { $0.delta.sizeClass } == [expected])
    }

    @Test("a life that makes no sense does no harm", arguments: [.infinity, 1e300, -1e300, -5, .nan, 0] as [Double])
    func started(elapsed: Double) throws {
        var feed = Feed()
        feed.add(process(1).with { $0.elapsed = elapsed })
        let run = try #require(feed.runs.first?.delta)
        #expect(run.firstSeen == run.started && run.processes == 1)
        #expect(feed.batch.counters[IngestCounters.doubtedElapsed] == (elapsed > 0 ? 1 : 0))
    }

    @Test("a process lives for 366 days at most", arguments: [false, true])
    func longestLife(byDigest: Bool) throws {
        let most: Double = 31_622_400
        for (elapsed, seconds, doubts) in [
            (most, 31_622_400, 0), (most - 0.5, 31_622_399.5, 0), (most + 0.001, 0, 1), (1.3e9, 0, 1),
        ] as [(Double, Double, UInt64)] {
            var feed = Feed(usesDigests: byDigest)
            feed.add(process(1).with { $0.elapsed = 1 })
            feed.add(process(2).with { $0.elapsed = elapsed })
            // a record that would make its job older is read as a whole
            #expect(feed.takenByDigest == (byDigest && seconds == 0 ? 1 : 0))
            let run = try #require(feed.runs.first?.delta)
            #expect(run.processes == 2)
            #expect(run.firstSeen - run.started == Int64(max(seconds, 1) * 1e6), "\(elapsed)")
            #expect(feed.batch.counters[IngestCounters.doubtedElapsed] == doubts)
        }
    }

    @Test(
        "a job has a million nodes at most",
        arguments: [(1_000_000, 1_000_000, 0), (1_000_001, nil, 2), (Int64(Int32.max), nil, 2)]
            as [(Int64, Int64?, UInt64)])
    func mostNodes(claimed: Int64, taken: Int64?, doubts: UInt64) throws {
        var feed = Feed()
        for id in 1...2 as ClosedRange<UInt64> { feed.add(process(id).with { $0.numNodes = claimed }) }
        let run = try #require(feed.runs.first?.delta)
        #expect(run.processes == 2 && run.sizeClass == (taken == nil ? 0 : 20))
        #expect(feed.batch.jobs.map { $0.numNodes } == [taken])
        #expect(feed.batch.counters[IngestCounters.doubtedNodes] == doubts)
    }
}
