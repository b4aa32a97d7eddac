import Record

extension IngestMetrics.Snapshot {
    /// The values in Prometheus' text exposition format, version 0.0.4.
    public var prometheusText: String {
        var text = ""
        func add(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: UInt64)]) {
            text += "# HELP customs_\(name) \(help)\n# TYPE customs_\(name) \(kind)\n"
            for sample in samples { text += "customs_\(name)\(sample.labels) \(sample.value)\n" }
        }
        add("received_total", "counter", "Messages received since the journal began.", [("", received)])
        add("pending", "gauge", "Messages in the journal that the store has not.", [("", received &- settled)])
        add("journal_bytes", "gauge", "Bytes of the journal on disk.", [("", journalBytes)])
        add("batches_total", "counter", "Batches written since the daemon's start.", [("", batches)])
        add(
            "store_failures_total", "counter", "Writes that the store refused or did not answer.", [("", storeFailures)]
        )
        add("store_up", "gauge", "1 while the store answers.", [("", storeIsAway ? 0 : 1)])
        let rejected = counters.values.filter { $0.key.hasPrefix(IngestCounters.rejectedPrefix) }
        add(
            "rejected_total", "counter", "Messages rejected since the daemon's start, by reason.",
            rejected.sorted { $0.key < $1.key }.map {
                ("{reason=\"\($0.key.dropFirst(IngestCounters.rejectedPrefix.count))\"}", $0.value)
            })
        let transports = transports.sorted { $0.key < $1.key }
        add(
            "accepted_total", "counter", "Messages accepted since the daemon's start, by transport.",
            transports.map { ("{transport=\"\($0.key)\"}", $0.value.accepted) })
        add(
            "transport_rejected_total", "counter", "Messages rejected since the daemon's start, by transport.",
            transports.map { ("{transport=\"\($0.key)\"}", $0.value.rejected) })
        add("connections", "gauge", "Connections over TCP and TLS that stand.", [("", connections)])
        add(
            "connections_refused_total", "counter", "Connections not let in, or ended from this side, by reason.",
            refusedConnections.sorted { $0.key < $1.key }.map { ("{reason=\"\($0.key)\"}", $0.value) })
        for name in [
            IngestCounters.stored, IngestCounters.merged, IngestCounters.duplicate, IngestCounters.kernelDropped,
        ] {
            add("\(name)_total", "counter", "Since the daemon's start.", [("", counters[name])])
        }
        return text
    }
}
