import Record

/// Slurm's text forms of times, durations and unknown values.
package enum SlurmText {
    /// The text; nil for Slurm's words for "no value".
    package static func value(_ text: some StringProtocol) -> String? {
        switch text {
        case "", "N/A", "n/a", "None", "(null)", "None assigned", "Unknown", "Invalid": nil
        default: String(text)
        }
    }

    /// Whether a text is safe as a job number on a command line or in a URL.
    package static func isJobID(_ text: String) -> Bool {
        (1...10).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
    }

    package static func number(_ text: some StringProtocol) -> Int64? { Int64(text) }

    /// A time as `2026-11-21T02:37:30`, taken as UTC because commands are run with TZ=UTC; or seconds since 1970.
    ///
    /// - Returns: microseconds since 1970 UTC; nil for `Unknown`, `None`, `N/A` and the like, and for zero.
    package static func time(_ text: some StringProtocol) -> Int64? {
        if let seconds = Int64(text) { return time(seconds: seconds) }
        let fields = text.split { "-T:".contains($0) }.map { Int($0) }
        guard fields.count == 6, let year = fields[0], let month = fields[1], let day = fields[2],
            let hour = fields[3], let minute = fields[4], let second = fields[5], (1...12).contains(month),
            (1...Calendar.length(ofMonth: month, year: year)).contains(day), (1970...2200).contains(year),
            (0...24).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        let days = Calendar.days(year: year, month: month, day: day)
        return Int64(days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000
    }

    package static func time(seconds: Int64?) -> Int64? {
        // Slurm writes an unknown time as 0, or as one of the largest numbers of 32 bits
        guard let seconds, seconds > 0, seconds < 4_294_967_290 else { return nil }
        return seconds * 1_000_000
    }

    /// A duration as `[D-]HH:MM:SS`, `MM:SS`, or minutes (`sbatch(1)`, --time).
    ///
    /// - Returns: seconds; nil for `UNLIMITED` and the like.
    package static func duration(_ text: some StringProtocol) -> Int64? {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let last = parts.last, let days = parts.count == 2 ? Int64(parts[0]) : 0, days < 100_000 else {
            return nil
        }
        let fields = last.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
        guard fields.allSatisfy({ $0 != nil && $0.map { (0..<1_000_000).contains($0) } == true }) else { return nil }
        let numbers = fields.compactMap { $0 }
        let seconds: Int64
        switch (numbers.count, parts.count) {
        case (1, 1): seconds = numbers[0] * 60
        case (1, _): seconds = numbers[0] * 3_600
        case (2, 1): seconds = numbers[0] * 60 + numbers[1]
        case (2, _): seconds = numbers[0] * 3_600 + numbers[1] * 60
        case (3, _): seconds = numbers[0] * 3_600 + numbers[1] * 60 + numbers[2]
        default: return nil
        }
        return days * 86_400 + seconds
    }

    /// A number of things; nil for anything else, and for more than a column of the store holds.
    package static func count(_ number: Int64?, atMost most: Int64 = Int64(Int32.max)) -> Int64? {
        number.flatMap { (0...most).contains($0) ? $0 : nil }
    }

    package static func count(_ text: some StringProtocol) -> Int64? { count(number(text)) }

    /// The time that CPUs were used, as `[D-]HH:MM:SS[.FRACTION]` or `MM:SS[.FRACTION]` (`sacct(1)`, TotalCPU).
    ///
    /// - Returns: whole seconds; nil for anything else.
    package static func seconds(ofCPU text: some StringProtocol) -> Int64? {
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        if halves.count == 2, digits(halves[1]) == nil { return nil }
        let parts = halves[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let fields = parts[parts.count - 1].split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 3 || fields.count == 2 && parts.count == 1 else { return nil }
        var seconds: Int64 = 0
        for field in fields {
            guard let number = digits(field) else { return nil }
            seconds = seconds * 60 + number
        }
        guard let days = parts.count == 2 ? digits(parts[0]) : 0 else { return nil }
        return days * 86_400 + seconds
    }

    private static func digits(_ text: some StringProtocol) -> Int64? {
        (1...9).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) } ? Int64(text) : nil
    }

    /// Seconds from the accounting's minutes; nil for `UNLIMITED`, `Partition_Limit` and the special numbers of 32
    /// bits.
    package static func seconds(minutes: Int64?) -> Int64? {
        guard let minutes, minutes > 0, minutes < 4_294_967_290 else { return nil }
        return minutes * 60
    }
}
