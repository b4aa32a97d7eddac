import JSON
import Record

/// Comma-separated values (RFC 4180), with LF at the end of a line.
public struct CSV: Sendable {
    private let isRaw: Bool
    private let isForTerminal: Bool

    /// - Parameters:
    ///   - isRaw: whether texts that a spreadsheet takes for formulas stay as they are. Otherwise they begin with `'`.
    ///   - isForTerminal: whether texts are made printable.
    public init(isRaw: Bool = false, isForTerminal: Bool = false) {
        self.isRaw = isRaw
        self.isForTerminal = isForTerminal
    }

    /// A line without its end.
    public func line(_ values: [JSON]) -> String { values.map { field($0) }.joined(separator: ",") }

    private func field(_ value: JSON) -> String {
        switch value {
        // numbers are numbers for a spreadsheet too
        case .null, .bool, .integer, .real: return value.plain
        case .text, .array, .object: break
        }
        let isFormula = !isRaw && CSV.isFormula(value.plain)
        let text = (isFormula ? "'" : "") + (isForTerminal ? printable(value.plain) : value.plain)
        guard text.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }) else {
            return text
        }
        // a quote followed by a combining accent is a quote, too
        return "\"" + ExactText(text).split(by: "\"").map { $0.string }.joined(separator: "\"\"") + "\""
    }

    private static func isFormula(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, beginnings.contains(first) else { return false }
        // a program of a record may be `-c` or `-m NAME`, which computes nothing
        if text == "-c" { return false }
        guard text.hasPrefix("-m ") else { return true }
        let isName = text.utf8.dropFirst(3).allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return !isName
    }

    /// The characters that make a cell a formula (OWASP, CSV Injection), the wide forms of East Asia among them.
    private static let beginnings: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]
}

extension JSON {
    /// The value as text without quotes; empty for null.
    public var plain: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .text(let value): value
        case .array(let values): values.map { $0.plain }.joined(separator: " ")
        case .object(let members): members.map { "\($0.key)=\($0.value.plain)" }.joined(separator: " ")
        }
    }
}
