import JSON

/// The difference of two numbers, and its part of the first.
struct UsageChange {
    let before: JSON
    var absolute: JSON = .null
    /// In per cent; null where the first is 0.
    var percent: JSON = .null

    /// - Parameter one: a number; or null, and then nothing is known of the difference.
    init(from one: JSON, to other: JSON) {
        before = one
        switch (one, other) {
        case (.integer(let one), .integer(let other)):
            absolute = .integer(other - one)
            percent = UsageChange.percent(Double(one), Double(other))
        case (.real(let one), .real(let other)):
            absolute = .real(other - one)
            percent = UsageChange.percent(one, other)
        default: break
        }
    }

    init(from one: UsageTotals, to other: UsageTotals, of order: UsageOrder) {
        self.init(from: one.json(order), to: other.json(order))
    }

    private static func percent(_ one: Double, _ other: Double) -> JSON {
        one > 0 ? .real((other - one) / one * 100) : .null
    }
}

extension UsageTotals {
    fileprivate func json(_ order: UsageOrder) -> JSON {
        switch order {
        case .users, .jobs, .processes: .integer(value(order))
        case .nodeHours: .real(nodeHours)
        case .coreHours: coreHours.map { .real($0) } ?? .null
        case .gpuHours: gpuHours.map { .real($0) } ?? .null
        }
    }

    /// In per cent; nil of nothing.
    func share(of whole: UsageTotals, by order: UsageOrder) -> Double? {
        let all = whole.value(order)
        return all > 0 && value(order) >= 0 ? Double(value(order)) / Double(all) * 100 : nil
    }
}
