import Record
import Store

/// What became of the canaries: how many of the records that had to come have come.
public struct CanaryReport: Sendable, Equatable {
    public enum State: String, CaseIterable, Sendable {
        case submitted, running, complete, overdue, failed
    }

    public struct Run: Sendable, Equatable {
        public let run: String
        /// Microseconds since 1970 UTC; the first record's for a run that nobody here has sent out.
        public let submitted: Int64
        public let state: State
        public let partition: String?
        public let node: String?
        public let transport: String?
        public let slurmJob: String?
        /// Why it could not run.
        public let failure: String?
        public let sample: Sample
        /// Whether it was sent out by us.
        let isOurs: Bool
        /// Whether it counts for `overall`.
        let isSettled: Bool

        /// Records that may still come; none once the run is over.
        public var waiting: Int64 { state == .submitted || state == .running ? sample.lost : 0 }
        /// Whether what has not come is lost.
        var isOver: Bool { state == .complete || state == .overdue }
    }

    /// Records that had to come, and those that came.
    public struct Sample: Sendable, Equatable {
        public var expected: Int64 = 0
        public var received: Int64 = 0

        public init(expected: Int64 = 0, received: Int64 = 0) {
            self.expected = expected
            self.received = received
        }

        public var lost: Int64 { max(0, expected - received) }
        /// Nil where nothing was expected.
        public var loss: Double? { expected > 0 ? Double(lost) / Double(expected) : nil }
        /// With 95 % confidence the loss is no more than this, and no less.
        public var upper: Double? { ExactBinomial.upper95(lost, of: expected) }
        public var lower: Double? { ExactBinomial.lower95(lost, of: expected) }

        static func + (left: Sample, right: Sample) -> Sample {
            Sample(expected: left.expected + right.expected, received: left.received + right.received)
        }
    }

    /// How far back `customs health` and the metrics look.
    public static let days = 30

    /// The newest first.
    public let runs: [Run]

    /// All whose fate is known: complete and overdue ones. Where canaries are sent out, records of others' do not count:
    /// anyone can send some.
    public var overall: Sample {
        let ours = runs.filter { $0.isOurs }
        return (ours.isEmpty ? runs : ours).reduce(Sample()) { $1.isSettled ? $0 + $1.sample : $0 }
    }

    /// Those sent out before a time, microseconds since 1970 UTC.
    public func before(_ time: Int64) -> CanaryReport { CanaryReport(runs: runs.filter { $0.submitted < time }) }

    public func first(_ count: Int) -> CanaryReport { CanaryReport(runs: Array(runs.prefix(count))) }

    public func count(_ state: State) -> Int { runs.count { $0.state == state } }

    /// - Parameters:
    ///   - now: microseconds since 1970 UTC.
    ///   - days: how far back; nil for all.
    ///   - run: only this one.
    public static func ask(
        _ connection: any SQLConnection, now: Int64, days: Int? = nil, run: String? = nil
    ) throws(StoreError) -> CanaryReport {
        let since = days.map { now - Int64($0) * Calendar.microsecondsPerDay } ?? 0
        let rows = try connection.query(
            """
            SELECT a.run, a.submitted, a.expected, a.partition, a.node, a.transport, a.slurm_job, a.started, a.ended,
                a.deadline, a.failure, r.received, r.last, r.expected
            FROM (
                SELECT run, submitted, expected, partition, node, transport, slurm_job, started, ended, deadline, failure
                FROM canary_runs
                UNION ALL
                SELECT run, min(received), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM canary_records c
                WHERE NOT EXISTS (SELECT 1 FROM canary_runs k WHERE k.run = c.run) GROUP BY run) a
            LEFT JOIN (
                SELECT run, count(*) AS received, max(received) AS last, max(expected) AS expected
                FROM canary_records GROUP BY run) r ON r.run = a.run
            WHERE a.submitted >= ?\(run == nil ? "" : " AND a.run = ?") ORDER BY a.submitted DESC, a.run
            """, [.integer(since)] + (run.map { [.text($0)] } ?? []))
        return CanaryReport(runs: rows.map { Run(row: $0, now: now) })
    }
}

extension CanaryReport.Run {
    /// How long a run that nobody here has sent out may be silent before it is taken to be over, microseconds.
    private static let silence: Int64 = 60_000_000

    fileprivate init(row: [SQLValue], now: Int64) {
        let planned = row[2].integer
        let received = row[11].integer ?? 0
        let expected = planned ?? row[13].integer ?? 0
        let isComplete = received >= expected
        isOurs = planned != nil
        run = row[0].text ?? ""
        submitted = row[1].integer ?? 0
        partition = row[3].name
        node = row[4].name
        transport = row[5].name
        slurmJob = row[6].name
        failure = row[10].name
        sample = CanaryReport.Sample(expected: expected, received: min(received, expected))
        if isComplete {
            state = .complete
            isSettled = true
        } else if planned == nil {
            // nobody knows when it was to be over: `overall` takes it as it is
            state = now > (row[12].integer ?? 0) + Self.silence ? .overdue : .running
            isSettled = true
        } else if failure != nil {
            state = .failed
            isSettled = false
        } else if now > row[9].integer ?? .max {
            state = .overdue
            isSettled = true
        } else {
            state = row[7].integer != nil || received > 0 ? .running : .submitted
            isSettled = false
        }
    }
}

extension CanaryReport {
    public var json: JSON { .array(runs.map { $0.json }) }

    /// Where losses lie: one line for each way that records took, by partition, node and transport.
    public var byPath: JSON {
        var samples: [ExactText: (run: Run, runs: Int64, sample: Sample)] = [:]
        for run in runs where run.isOver {
            let key = ExactText([run.partition, run.node, run.transport].map { $0 ?? "" }.joined(separator: "\n"))
            let known = samples[key]
            samples[key] = (run, (known?.runs ?? 0) + 1, (known?.sample ?? Sample()) + run.sample)
        }
        return .array(
            samples.sorted { $0.key < $1.key }.map { _, path in
                .object(
                    [
                        JSON.Member("partition", .text(path.run.partition)), JSON.Member("node", .text(path.run.node)),
                        JSON.Member("transport", .text(path.run.transport)), JSON.Member("runs", .integer(path.runs)),
                    ] + path.sample.members(waiting: 0, isOver: true))
            })
    }
}

extension CanaryReport.Run {
    public var json: JSON {
        .object(
            [JSON.Member("run", .text(run)), JSON.Member("submitted", .time(submitted))]
                + sample.members(waiting: waiting, isOver: isOver)
                + [
                    JSON.Member("state", .text(state.rawValue)), JSON.Member("partition", .text(partition)),
                    JSON.Member("node", .text(node)), JSON.Member("transport", .text(transport)),
                    JSON.Member("slurm_job", .text(slurmJob)), JSON.Member("failure", .text(failure)),
                ])
    }
}

extension CanaryReport.Sample {
    fileprivate func members(waiting: Int64, isOver: Bool) -> [JSON.Member] {
        func real(_ value: Double?) -> JSON { isOver ? value.map { .real($0) } ?? .null : .null }
        return [
            JSON.Member("expected", .integer(expected)), JSON.Member("received", .integer(received)),
            JSON.Member("waiting", .integer(waiting)),
            JSON.Member("lost", .integer(isOver ? lost : 0)), JSON.Member("loss", real(loss)),
            JSON.Member("loss_upper_95", real(upper)), JSON.Member("loss_lower_95", real(lower)),
        ]
    }
}
