import Record

/// The ends of life of CPython's release series.
///
/// Source: "Status of Python versions", devguide.python.org/versions, and the schedules that it quotes: PEP 373 (2.7),
/// 494, 537, 569, 596, 619, 664, 693, 719, 745 and 790 (3.6 to 3.15). An end that lies ahead is planned for a month.
public enum PythonReleases {
    /// The end of a release series' life.
    public struct End: Sendable, Equatable {
        /// `2024-10-07`, or `2027-10` for a month.
        public let text: String
        /// The last day of life, or the last one of the month; days since 1970-01-01 UTC.
        public let lastDay: Int

        /// - Parameter today: days since 1970-01-01 UTC.
        public func isOver(on today: Int) -> Bool { lastDay < today }
    }

    /// - Parameter series: `3.8`.
    /// - Returns: nil for a series that is not in the table.
    public static func end(ofSeries series: String) -> End? {
        guard let text = table[series] else { return nil }
        let numbers = text.split(separator: "-").compactMap { Int($0) }
        guard numbers.count >= 2 else { return nil }
        let last = numbers.count == 3 ? numbers[2] : Calendar.length(ofMonth: numbers[1], year: numbers[0])
        return End(text: text, lastDay: Calendar.days(year: numbers[0], month: numbers[1], day: last))
    }

    private static let table = [
        "2.7": "2020-01-01", "3.0": "2009-06-27", "3.1": "2012-04-09", "3.2": "2016-02-20", "3.3": "2017-09-29",
        "3.4": "2019-03-18", "3.5": "2020-09-30", "3.6": "2021-12-23", "3.7": "2023-06-27", "3.8": "2024-10-07",
        "3.9": "2025-10-31", "3.10": "2026-10", "3.11": "2027-10", "3.12": "2028-10", "3.13": "2029-10",
        "3.14": "2030-10", "3.15": "2031-10",
    ]
}

extension PythonReleases {
    /// The beginning of a version that names its release series: `3.8` of `3.8.10`.
    ///
    /// - Returns: nil for a text that does not begin with two numbers.
    static func series(of version: String) -> String? {
        let parts = version.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2 else { return nil }
        let minor = parts[1].prefix { $0.isASCII && $0.isNumber }
        guard !parts[0].isEmpty, parts[0].allSatisfy({ $0.isASCII && $0.isNumber }), !minor.isEmpty else { return nil }
        return "\(parts[0]).\(minor)"
    }
}
