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
