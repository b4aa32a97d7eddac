import Record

extension IngestMetrics.Snapshot {
    private func addJobs(to text: inout String) {
        for (name, kind, help, value) in [
            ("slurm_sweeps_total", "counter", "Sweeps over open jobs since the daemon's start.", jobs.sweeps),
            ("slurm_queue_calls_total", "counter", "Calls for running jobs.", jobs.queueCalls),
            ("slurm_accounting_calls_total", "counter", "Calls for ended jobs.", jobs.accountingCalls),
            ("slurm_failures_total", "counter", "Sweeps that failed because of Slurm or the store.", jobs.failures),
            ("jobs_open", "gauge", "Jobs without final data.", jobs.open),
            (
                "slurm_last_sweep_timestamp_seconds", "gauge", "Time of the last complete sweep.",
                UInt64(clamping: jobs.lastSweep / 1_000_000)
            ),
        ] {
            text += "# HELP customs_\(name) \(help)\n# TYPE customs_\(name) \(kind)\ncustoms_\(name) \(value)\n"
        }
    }

    /// The values in Prometheus' text exposition format, version 0.0.4.
    public var prometheusText: String {
        var text = ""
        func add(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: UInt64)]) {
            text += "# HELP customs_\(name) \(help)\n# TYPE customs_\(name) \(kind)\n"
            for sample in samples { text += "customs_\(name)\(sample.labels) \(sample.value)\n" }
        }
        add("received_total", "counter", "Messages received since the journal began.", [("", received)])
        add("pending", "gauge", "Messages in the journal that the store does not have yet.", [("", pending)])
        text += "# HELP customs_oldest_pending_seconds Waiting time of the oldest pending message.\n"
        text += "# TYPE customs_oldest_pending_seconds gauge\n"
        text += "customs_oldest_pending_seconds \(oldestPendingSeconds)\n"
        add("journal_bytes", "gauge", "Bytes of the journal on disk.", [("", journalBytes)])
        add("batches_total", "counter", "Batches written since the daemon's start.", [("", batches)])
        add(
            "store_failures_total", "counter", "Writes that the store refused or did not answer.", [("", storeFailures)]
        )
        add("store_up", "gauge", "1 while the store answers.", [("", storeUnavailable ? 0 : 1)])
        add(
            "writer_silence_seconds", "gauge", "Time since the store has last taken something from the writer.",
            [("", UInt64(writerSilence / 1_000))])
        // each reason from the start on: Prometheus sees no increase in a series that begins above zero
        add(
            "rejected_total", "counter", "Messages rejected since the daemon's start, by reason.",
            RejectReason.allCases.map { $0.rawValue }.sorted().map { reason in
                ("{reason=\"\(reason)\"}", counters[IngestCounters.rejectedPrefix + reason])
            })
        let transports = transports.sorted { $0.key < $1.key }
        add(
            "accepted_total", "counter", "Messages accepted since the daemon's start, by transport.",
            transports.map { ("{transport=\"\($0.key)\"}", $0.value.accepted) })
        add(
            "transport_rejected_total", "counter", "Messages rejected since the daemon's start, by transport.",
            transports.map { ("{transport=\"\($0.key)\"}", $0.value.rejected) })
        add("connections", "gauge", "Open connections over TCP and TLS.", [("", connections)])
        add(
            "connections_refused_total", "counter", "Connections that the daemon refused or closed, by reason.",
            refusedConnections.sorted { $0.key < $1.key }.map { ("{reason=\"\($0.key)\"}", $0.value) })
        add("http_connections", "gauge", "Open connections over HTTP.", [("", webConnections)])
        add(
            "http_connections_ended_total", "counter", "Connections over HTTP that the daemon closed, by reason.",
            WebConnectionEnd.allCases.map { ("{reason=\"\($0.rawValue)\"}", endedWebConnections[$0, default: 0]) })
        add(
            "log_lines_dropped_total", "counter", "Log lines dropped because standard error was not read.",
            [("", droppedLogLines)])
        for name in [
            IngestCounters.stored, IngestCounters.merged, IngestCounters.duplicate, IngestCounters.kernelDropped,
            IngestCounters.clockAhead, IngestCounters.doubtedElapsed, IngestCounters.doubtedNodes,
            IngestCounters.fingerprintConflict, IngestCounters.foreignName, IngestCounters.incompleteParts,
            IngestCounters.clippedPackages, IngestCounters.otherNames,
        ] {
            add("\(name)_total", "counter", "Since the daemon's start.", [("", counters[name])])
        }
        if let heardHosts, let silentHosts {
            add("hosts_heard", "gauge", "Hosts with a record in the last 7 days.", [("", heardHosts)])
            add(
                "hosts_silent", "gauge", "Hosts with a record in the last 30 days, and none in the last 7.",
                [("", silentHosts)])
        }
        addJobs(to: &text)
        if let canaries { canaries.add(to: &text) }
        return text
    }
}

extension CanaryMetrics {
    fileprivate func add(to text: inout String) {
        func add(_ name: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            text += "# HELP customs_\(name) \(help)\n# TYPE customs_\(name) gauge\n"
            for sample in samples { text += "customs_\(name)\(sample.labels) \(sample.value)\n" }
        }
        if let loss { add("canary_loss", "Fraction of canaries' records lost in 30 days.", [("", "\(loss)")]) }
        if let lossUpper95 {
            add("canary_loss_upper_95", "Upper bound of the loss at 95 %, exact binomial.", [("", "\(lossUpper95)")])
        }
        if let lastComplete {
            add(
                "canary_last_complete_timestamp_seconds", "Time of submission of the newest run without loss.",
                [("", "\(lastComplete / 1_000_000)")])
        }
        add(
            "canary_runs", "Canary runs of 30 days, by state.",
            states.sorted { $0.key < $1.key }.map { ("{state=\"\($0.key)\"}", "\($0.value)") })
    }
}
