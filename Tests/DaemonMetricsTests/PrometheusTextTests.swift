import DaemonMetrics
import Record
import Testing

@Suite struct PrometheusTextTests {
    @Test func countsAndGaugesInTheExpositionFormat() {
        let metrics = IngestMetrics()
        metrics.update { snapshot in
            snapshot.received = 12
            snapshot.settled = 10
            snapshot.storeUnavailable = false
            snapshot.counters.add(3, to: IngestCounters.stored)
            snapshot.counters.add(4, to: IngestCounters.rejected(.badJSON))
            snapshot.counters.add(1, to: IngestCounters.rejected(.notUTF8))
            snapshot.counters.add(2, to: IngestCounters.kernelDropped)
            snapshot.transports["tcp", default: TransportCounts()].add(accepted: 5, rejected: 1)
            snapshot.transports["udp", default: TransportCounts()].add(accepted: 7, rejected: 0)
            snapshot.connections = 3
            snapshot.refusedConnections["too_many"] = 9
            snapshot.webConnections = 2
            snapshot.endedWebConnections[.timeout] = 8
            snapshot.droppedLogLines = 11
        }
        let lines = metrics.snapshot.prometheusText.split(separator: "\n")
        let samples = lines.filter { !$0.hasPrefix("#") }
        #expect(samples.contains("customs_received_total 12"))
        #expect(samples.contains("customs_pending 2"))
        #expect(samples.contains("customs_store_up 1"))
        #expect(samples.contains("customs_stored_total 3"))
        #expect(samples.contains("customs_merged_total 0"))
        #expect(samples.contains("customs_kernel_dropped_total 2"))
        #expect(
            samples.filter { $0.hasPrefix("customs_rejected_total") && !$0.hasSuffix(" 0") } == [
                "customs_rejected_total{reason=\"bad_json\"} 4", "customs_rejected_total{reason=\"not_utf8\"} 1",
            ])
        #expect(
            samples.filter { $0.hasPrefix("customs_accepted_total") } == [
                "customs_accepted_total{transport=\"tcp\"} 5", "customs_accepted_total{transport=\"udp\"} 7",
            ])
        #expect(samples.contains("customs_transport_rejected_total{transport=\"tcp\"} 1"))
        #expect(samples.contains("customs_connections 3"))
        #expect(samples.contains("customs_connections_refused_total{reason=\"too_many\"} 9"))
        #expect(samples.contains("customs_http_connections 2"))
        #expect(samples.contains("customs_http_connections_ended_total{reason=\"timeout\"} 8"))
        #expect(samples.contains("customs_log_lines_dropped_total 11"))
        // each metric is introduced once, before its samples
        let typed = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        #expect(Set(typed).count == typed.count)
        #expect(Set(samples.map { $0.prefix { $0 != " " && $0 != "{" } }).isSubset(of: Set(typed)))
    }

    @Test func eachReasonOfRejectionIsThereBeforeTheFirst() {
        let text = IngestMetrics().snapshot.prometheusText
        for reason in RejectReason.allCases {
            #expect(text.contains("\ncustoms_rejected_total{reason=\"\(reason.rawValue)\"} 0\n"))
        }
    }

    @Test("a statement without an answer, and a writer without progress, count as a store that is away")
    func watched() {
        var snapshot = IngestMetrics.Snapshot()
        snapshot.storeUnavailable = false
        // the writer has not begun
        snapshot.watch(storeSilence: 0, now: 1 << 40)
        #expect(!snapshot.storeUnavailable && snapshot.writerSilence == 0)
        snapshot.lastProgress = 100_000
        snapshot.watch(storeSilence: 4_900, now: 107_900)
        #expect(!snapshot.storeUnavailable)
        #expect(snapshot.prometheusText.contains("\ncustoms_writer_silence_seconds 7\n"))
        var other = snapshot
        other.watch(storeSilence: 5_100, now: 101_000)
        #expect(other.prometheusText.contains("\ncustoms_store_up 0\n"))
        snapshot.watch(storeSilence: 10, now: 108_100)
        #expect(snapshot.prometheusText.contains("\ncustoms_store_up 0\n"))
        #expect(snapshot.prometheusText.contains("\ncustoms_writer_silence_seconds 8\n"))
    }

    @Test func aDaemonThatHasJustStartedHasNoStore() {
        #expect(IngestMetrics().snapshot.prometheusText.contains("\ncustoms_store_up 0\n"))
    }
}
