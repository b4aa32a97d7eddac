import JSON
import Record

/// Comma-separated values (RFC 4180), with LF at the end of a line.
public enum CSV {
    /// A line without its end.
    public static func line(_ values: [JSON]) -> String { values.map { field($0.plain) }.joined(separator: ",") }

    private static func field(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }) else {
            return text
        }
        // a quote followed by a combining accent is a quote, too
        return "\"" + ExactText(text).split(by: "\"").map { $0.string }.joined(separator: "\"\"") + "\""
    }
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
