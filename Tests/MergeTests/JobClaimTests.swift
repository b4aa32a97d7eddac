import Merge
import Record
import SampleRecords
import Testing

@Suite struct JobClaimTests {
    @Test("a job is claimed once, and again only when there is more to say") func once() throws {
        var feed = Feed()
        feed.add([process(1), process(2).with { $0[.account] = "m1759" }, process(3)])
        let claim = try #require(feed.batch.jobs.first)
        #expect(feed.batch.jobs.count == 1)
        #expect(feed.merger.vocabulary[.account].string(claim.account) == "m1759")
        #expect(feed.merger.vocabulary[.user].string(claim.user) == "ada")
        #expect(claim.numNodes == 4 && claim.numTasks == nil)
        feed.merger.finishBatch()
        feed.add(process(4))
        #expect(feed.batch.jobs.isEmpty)
        feed.add(process(5).with { $0[.qos] = "debug" })
        #expect(feed.batch.jobs.count == 1)
        #expect(feed.batch.jobs.first?.account == claim.account, "a claim is whole")
    }

    @Test("the first to say something is believed") func first() {
        var feed = Feed()
        feed.add([
            process(1),
            process(2).with {
                $0.numNodes = 8; $0[.username] = "bob"
            },
        ])
        #expect(feed.batch.jobs.map { $0.numNodes } == [4])
        #expect(feed.batch.jobs.map { feed.merger.vocabulary[.user].string($0.user) } == ["ada"])
    }

    @Test("jobs of one number on two clusters, or requeued, are several") func several() {
        var feed = Feed()
        feed.add([process(1), process(2).with { $0[.cluster] = "alvarez" }, process(3).with { $0.restart = 1 }])
        #expect(Set(feed.batch.jobs.map { $0.job }).count == 3)
    }

    @Test("a job whose record names no cluster is the home cluster's") func homeCluster() throws {
        var feed = Feed(Merger(homeCluster: "rig"))
        feed.add([process(1).with { $0[.cluster] = nil }, process(2).with { $0[.cluster] = "rig" }])
        #expect(feed.batch.jobs.count == 1)
        #expect(feed.batch.runs.map { feed.merger.vocabulary[.cluster].string($0.key.cluster) } == ["rig"])
        feed.add(
            process(3).with {
                $0[.cluster] = nil; $0[.jobID] = nil
            })
        #expect(feed.batch.runs.last.map { $0.key.cluster } == 0, "what is no job is of no cluster")
    }
}

@Suite struct JobSpanTests {
    /// Noon of a day.
    private func noon(_ day: Int64) -> Int64 { day * 86_400_000_000 + 43_200_000_000 }

    private func jobs(_ feed: Feed) -> [[String?]] {
        feed.batch.runs.map { run in feed.merger.vocabulary[.job].withBytes(of: run.job) { CompoundKey.texts(of: $0) } }
    }

    @Test("a gap of more than a week begins another job of a number, and its claims are its own") func gap() {
        var feed = Feed()
        feed.add([
            process(1).with { $0.time = noon(1_000) }, process(2).with { $0.time = noon(1_007) },
            process(3).with {
                $0.time = noon(1_020); $0[.account] = "m9"
            },
            process(4).with { $0.time = noon(1_014) },
        ])
        #expect(jobs(feed).map { $0.count } == [3, 3, 4, 3])
        #expect(Set(feed.batch.runs.map { $0.key.job }).count == 1, "by its number a run is the same in every daemon")
        #expect(
            feed.batch.jobs.map { $0.span } == [JobSpan(first: 1_000, last: 1_014), JobSpan(first: 1_020, last: 1_020)])
        #expect(feed.batch.jobs.map { feed.merger.vocabulary[.account].string($0.account) } == ["", "m9"])
    }

    @Test("a process is of the days on which it lived, and no longer than a year") func life() {
        var feed = Feed()
        feed.add([
            process(1).with { $0.time = noon(1_000) }, process(2).with { $0.time = noon(1_030) },
            process(3).with {
                $0.time = noon(1_030); $0.elapsed = 25 * 86_400
            },
            process(4).with {
                $0[.jobID] = "9"; $0.time = noon(1_030); $0.elapsed = 366 * 86_400
            },
        ])
        #expect(
            feed.batch.jobs.map { $0.span } == [
                JobSpan(first: 1_000, last: 1_030), JobSpan(first: 1_030, last: 1_030),
                JobSpan(first: 664, last: 1_030),
            ])
    }

    @Test("what a batch that was taken back knew of a number is forgotten") func undone() {
        var feed = Feed()
        feed.add(process(1).with { $0.time = noon(1_000) })
        feed.merger.undoBatch()
        feed.add(process(2).with { $0.time = noon(1_500) })
        #expect(feed.batch.jobs.map { $0.span } == [JobSpan(first: 1_500, last: 1_500)])
        #expect(jobs(feed).map { $0.count } == [3])
    }
}
