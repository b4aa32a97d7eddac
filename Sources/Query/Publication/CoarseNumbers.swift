import JSON

/// Numbers as they may be published: so coarse that the difference of two answers tells nothing of a few people. All
/// are rounded down.
enum CoarseNumbers {
    /// A multiple of five.
    static func users(_ count: Int64) -> Int64 { count / 5 * 5 }

    /// A multiple of five below a hundred, and two digits from there on.
    static func amount(_ value: Int64) -> Int64 {
        if value < 100 { return value / 5 * 5 }
        var step: Int64 = 10
        while value / step >= 100 { step *= 10 }
        return value / step * step
    }

    static func amount(_ value: Double) -> Double {
        guard value.isFinite, abs(value) < 1e15 else { return 0 }
        return Double(amount(Int64(value)))
    }

    /// A tenth.
    static func coefficient(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    /// The first day of a day's month, both as texts.
    static func month(_ day: String) -> String { day.prefix(7) + "-01" }
}

extension CoarseNumbers {
    /// The value of a column.
    ///
    /// - Parameter isPart: whether the answer is about a part of the usage, for which only users are told.
    static func value(_ value: JSON, of column: Column, isPart: Bool) -> JSON {
        switch (column.unit, value) {
        case (.users, .integer(let count)): return .integer(users(count))
        case (.jobs, _) where isPart, (.processes, _) where isPart, (.nodeHours, _) where isPart,
            (.coreHours, _) where isPart, (.gpuHours, _) where isPart, (.percent, _) where isPart:
            return .null
        case (.jobs, .integer(let count)), (.processes, .integer(let count)): return .integer(amount(count))
        case (.nodeHours, .real(let hours)), (.coreHours, .real(let hours)), (.gpuHours, .real(let hours)):
            return .real(amount(hours))
        case (.percent, .real(let percent)): return .real(amount(percent))
        default: break
        }
        switch (column.kind, value) {
        case (.day, .text(let day)): return .text(month(day))
        case (.number, .real(let number)): return .real(coefficient(number))
        default: return value
        }
    }
}
