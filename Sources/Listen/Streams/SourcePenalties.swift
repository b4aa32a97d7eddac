import Sockets

/// Sources whose connections come to nothing: handshakes that fail, no message in time. For a while the connections of
/// such a source make room first. It is not shut out, because a relay may have the same address.
///
/// The model is OpenSSH's PerSourcePenalties (`sshd_config(5)`).
package struct SourcePenalties {
    package typealias Instant = ContinuousClock.Instant

    private struct Record {
        var points: Double
        var noted: Instant

        func points(at now: Instant) -> Double {
            let seconds = Double((now - noted).components.seconds)
            return max(0, points - seconds / SourcePenalties.secondsToFade)
        }
    }

    /// Points from which on a source has a penalty. One is for a relay whose certificate is being replaced.
    package static let threshold = 10
    static let maximum = 60
    /// The time in which one point fades.
    package static let secondsToFade = 5.0
    /// Memory is bounded: further sources get no penalty meanwhile.
    package static let maximumSources = 4_096

    private var records: [NetworkSource: Record] = [:]

    package init() {}

    /// Notes that a connection came to nothing.
    package mutating func note(_ source: NetworkSource, at now: Instant) {
        if records[source] == nil && records.count >= SourcePenalties.maximumSources {
            records = records.filter { $0.value.points(at: now) > 0 }
            if records.count >= SourcePenalties.maximumSources { return }
        }
        let points = records[source]?.points(at: now) ?? 0
        records[source] = Record(points: min(points + 1, Double(SourcePenalties.maximum)), noted: now)
    }

    package func has(_ source: NetworkSource, at now: Instant) -> Bool {
        guard let record = records[source] else { return false }
        return record.points(at: now) > Double(SourcePenalties.threshold)
    }
}
