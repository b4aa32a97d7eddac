import JSON
import Query

/// Numbers as pages show them.
enum PageNumbers {
    /// A fraction in per cent, rounded up, because it is a bound.
    static func percent(_ fraction: Double) -> String {
        guard fraction.isFinite else { return "100 %" }
        let hundredths = (fraction * 10_000).rounded(.up)
        return JSON.real(hundredths / 100).cell.trimmedZeros + " %"
    }

    /// A large number with three digits: `1.66 M`. Small numbers are whole.
    static func short(_ value: JSON) -> String {
        guard let number = value.number else { return value.cell }
        for (factor, letter) in [(1e9, "G"), (1e6, "M")] where abs(number) >= factor {
            return JSON.real((number / factor * 100).rounded() / 100).cell.trimmedZeros + " " + letter
        }
        if case .integer = value { return value.cell }
        return JSON.integer(Int64(number.rounded())).cell
    }

    /// A change with its sign, in per cent.
    static func change(_ percent: Double) -> String {
        guard percent.isFinite, abs(percent) < 1e9 else { return "" }
        let rounded = JSON.real((abs(percent) * 10).rounded() / 10).cell.trimmedZeros
        return (percent < 0 ? "−" : "+") + rounded + " %"
    }
}

extension String {
    /// Without zeros at the end of a decimal fraction.
    fileprivate var trimmedZeros: String {
        guard contains(".") else { return self }
        var text = self[...]
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return String(text)
    }
}
