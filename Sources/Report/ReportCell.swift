import HTML
import JSON
import Query

/// A value of a table as a report shows it.
public struct ReportCell {
    /// The largest number of characters of a text: a report stays small whatever texts senders choose.
    private static let longestText = 160

    let text: String
    /// The exact number, or nil for what is none.
    let number: String?

    init(_ value: JSON, in column: String) {
        switch value {
        case .integer(let count):
            text = ReportCell.sign(Double(count), column) + JSON.integer(count).cell
            number = String(count)
        case .real(let real):
            text = ReportCell.sign(real, column) + ReportCell.tenths(real)
            number = String(real)
        case .bool(let flag):
            text = column == "ended" ? (flag ? "ended" : "supported") : (flag ? "yes" : "no")
            number = nil
        default:
            let plain = value.cell
            text = plain.count > ReportCell.longestText ? plain.prefix(ReportCell.longestText - 1) + "…" : plain
            number = nil
        }
    }

    /// The heading of a column, or the name of a total.
    public static func heading(_ name: String) -> String {
        switch name {
        case "qos": "QOS"
        case "gpu_hours": "GPU hours"
        case "change_percent": "Change, %"
        case "share_percent": "Share, %"
        case "ended": "State"
        case "devices": "Jobs with"
        default: name.prefix(1).uppercased() + name.dropFirst().replacing("_", with: " ")
        }
    }

    private static func sign(_ value: Double, _ column: String) -> String {
        column.hasPrefix("change") && value > 0 ? "+" : ""
    }

    /// With one digit after the point: `1,234.5`.
    private static func tenths(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return String(value) }
        let parts = Int64((abs(value) * 10).rounded()).quotientAndRemainder(dividingBy: 10)
        let isNegative = value < 0 && (parts.quotient, parts.remainder) != (0, 0)
        return (isNegative ? "-" : "") + JSON.integer(parts.quotient).cell + ".\(parts.remainder)"
    }
}
