import Record
import Store

/// The results of canaries: the expected records, and those that arrived.
public struct CanaryReport: Sendable, Equatable {
    public enum State: String, CaseIterable, Sendable {
        case submitted, running, complete, overdue, failed
    }

    public struct Run: Sendable, Equatable {
        public let run: String
        /// Microseconds since 1970 UTC.
        public let submitted: Int64
        public let state: State
        public let partition: String?
        public let node: String?
        public let transport: String?
        public let slurmJob: String?
        /// The reason why it could not run.
        public let failure: String?
        public let sample: Sample

        /// Records that may still arrive; none once the batch is over.
        public var waiting: Int64 { state == .submitted || state == .running ? sample.lost : 0 }
        /// Whether missing records count as lost.
        var isOver: Bool { state == .complete || state == .overdue }
    }

    /// The number of expected records, and of those that arrived.
    public struct Sample: Sendable, Equatable {
        public var expected: Int64 = 0
        public var received: Int64 = 0

        public init(expected: Int64 = 0, received: Int64 = 0) {
            self.expected = expected
            self.received = received
        }

        public var lost: Int64 { max(0, expected - received) }
        /// Nil if no record was expected.
        public var loss: Double? { expected > 0 ? Double(lost) / Double(expected) : nil }
        /// The upper and the lower bound of the loss at 95 % confidence.
        public var upper: Double? { ExactBinomial.upper95(lost, of: expected) }
        public var lower: Double? { ExactBinomial.lower95(lost, of: expected) }

        static func + (left: Sample, right: Sample) -> Sample {
            Sample(expected: left.expected + right.expected, received: left.received + right.received)
        }
    }

    /// The number of days that `customs health` and the metrics cover.
    public static let days = 30

    /// The newest first.
    public let runs: [Run]

    /// All finished batches: complete and overdue ones.
    public var overall: Sample { runs.reduce(Sample()) { $1.isOver ? $0 + $1.sample : $0 } }

    /// The batches submitted on some days, counted from 1970-01-01 UTC; nil for no bound.
    public func submitted(from first: Int?, through last: Int?) -> CanaryReport {
        CanaryReport(
            runs: runs.filter { run in
                let day = Int(Calendar.day(ofMicroseconds: run.submitted))
                return day >= first ?? .min && day <= last ?? .max
            })
    }

    public func first(_ count: Int) -> CanaryReport { CanaryReport(runs: Array(runs.prefix(count))) }

    public func count(_ state: State) -> Int { runs.count { $0.state == state } }

    /// - Parameters:
    ///   - now: microseconds since 1970 UTC.
    ///   - days: the number of days to cover; nil for all.
    ///   - run: only this batch.
    public static func ask(
        _ connection: any SQLConnection, now: Int64, days: Int? = nil, run: String? = nil
    ) throws(StoreError) -> CanaryReport {
        let since = days.map { now - Int64($0) * Calendar.microsecondsPerDay } ?? 0
        let rows = try connection.query(
            """
            SELECT a.run, a.submitted, a.expected, a.partition, a.node, a.transport, a.slurm_job, a.started,
                a.deadline, a.failure, r.received
            FROM canary_runs a
            LEFT JOIN (SELECT run, count(*) AS received FROM canary_records GROUP BY run) r ON r.run = a.run
            WHERE a.submitted >= ?\(run == nil ? "" : " AND a.run = ?") ORDER BY a.submitted DESC, a.run
            """, [.integer(since)] + (run.map { [.text($0)] } ?? []))
        return CanaryReport(runs: rows.map { Run(row: $0, now: now) })
    }
}

extension CanaryReport.Run {
    fileprivate init(row: [SQLValue], now: Int64) {
        let received = row[10].integer ?? 0
        let expected = row[2].integer ?? 0
        run = row[0].text ?? ""
        submitted = row[1].integer ?? 0
        partition = row[3].name
        node = row[4].name
        transport = row[5].name
        slurmJob = row[6].name
        failure = row[9].name
        sample = CanaryReport.Sample(expected: expected, received: min(received, expected))
        if received >= expected {
            state = .complete
        } else if failure != nil {
            state = .failed
        } else if now > row[8].integer ?? .max {
            state = .overdue
        } else {
            state = row[7].integer != nil || received > 0 ? .running : .submitted
        }
    }
}

extension CanaryReport {
    /// The runs that took one way.
    fileprivate struct Path {
        let partition: String?
        let node: String?
        let transport: String?
        var runs: Int64 = 0
        var sample = Sample()
    }

    private static let runFields: [Field<Run>] =
        [.text("run") { $0.run }, .time("submitted") { $0.submitted }]
        + sampleFields({ $0.sample }, waiting: { $0.waiting }, isOver: { $0.isOver }) + [
            .text("state") { $0.state.rawValue }, .text("partition") { $0.partition }, .text("node") { $0.node },
            .text("transport") { $0.transport }, .text("slurm_job") { $0.slurmJob }, .text("failure") { $0.failure },
        ]

    private static let pathFields: [Field<Path>] =
        [
            .text("partition") { $0.partition }, .text("node") { $0.node }, .text("transport") { $0.transport },
            .count("runs", of: .runs) { $0.runs },
        ] + sampleFields({ $0.sample }, waiting: { _ in 0 }, isOver: { _ in true })

    private static func sampleFields<Row>(
        _ sample: @escaping @Sendable (Row) -> Sample, waiting: @escaping @Sendable (Row) -> Int64,
        isOver: @escaping @Sendable (Row) -> Bool
    ) -> [Field<Row>] {
        [
            .count("expected", of: .records) { sample($0).expected },
            .count("received", of: .records) { sample($0).received }, .count("waiting", of: .records, waiting),
            .count("lost", of: .records) { isOver($0) ? sample($0).lost : 0 },
            .number("loss") { isOver($0) ? sample($0).loss : nil },
            .number("loss_upper_95") { isOver($0) ? sample($0).upper : nil },
            .number("loss_lower_95") { isOver($0) ? sample($0).lower : nil },
        ]
    }

    public var answer: Answer { Answer(runs, CanaryReport.runFields) }

    /// The losses by path: one row for each partition, node and transport.
    public var byPath: Answer {
        var paths: [ExactText: Path] = [:]
        for run in runs where run.isOver {
            let key = ExactText([run.partition, run.node, run.transport].map { $0 ?? "" }.joined(separator: "\n"))
            var path = paths[key] ?? Path(partition: run.partition, node: run.node, transport: run.transport)
            path.runs += 1
            path.sample = path.sample + run.sample
            paths[key] = path
        }
        return Answer(paths.sorted { $0.key < $1.key }.map { $0.value }, CanaryReport.pathFields)
    }
}
