/// Maps times to pixels.
public struct TimeScale: Sendable, Equatable {
    /// Microseconds since 1970 UTC.
    public let first: Int64
    public let last: Int64
    public let range: (start: Double, end: Double)
    public let ticks: [TimeTick]

    /// - Parameters:
    ///   - first: microseconds since 1970 UTC.
    ///   - last: not before `first`; a time without length gets a second.
    ///   - count: the most ticks.
    public init(from first: Int64, to last: Int64, range: (start: Double, end: Double), count: Int = 5) {
        self.first = first
        let least = first.addingReportingOverflow(1_000_000)
        self.last = max(last, least.overflow ? .max : least.partialValue)
        self.range = range
        ticks = TimeTick.ticks(from: self.first, to: self.last, count: count)
    }

    /// A time outside is at the end next to it.
    public func callAsFunction(_ time: Int64) -> Double {
        let part = (Double(time) - Double(first)) / (Double(last) - Double(first))
        return range.start + min(max(part, 0), 1) * (range.end - range.start)
    }

    public static func == (left: TimeScale, right: TimeScale) -> Bool {
        left.first == right.first && left.last == right.last && left.range == right.range
    }
}
