import ArgumentParser
import Glibc
import Query

enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, csv, jsonl
}

/// Prints an answer in the format that the user chose.
///
/// - Throws: `Failure` with 74 where it cannot be written.
func show(_ json: JSON, as form: FormatOptions, table: (Terminal) -> String, csv: () -> TextTable) throws {
    try show(json, as: form.format, plain: form.plain, table: table, csv: csv)
}

/// - Parameter plain: nothing is done for a terminal that is not done without one.
/// - Throws: `Failure` with 74 where it cannot be written.
func show(
    _ json: JSON, as format: OutputFormat, plain: Bool, table: (Terminal) -> String, csv: () -> TextTable
) throws {
    Spinner.stop()
    switch format {
    case .json: try StandardOutput.write(line: json.formatted)
    case .jsonl: for line in json.lines { try StandardOutput.write(line: line.compact) }
    case .csv: try StandardOutput.write(line: csv().csv)
    case .table:
        let terminal = Terminal(plain: plain)
        try terminal.show(table(terminal))
    }
}

/// Prints a list of objects, with these members as columns.
///
/// - Parameter bar: the column of which a terminal shows bars beside the table.
/// - Throws: `Failure` with 74 where it cannot be written.
func show(_ answer: JSON, _ columns: [String], as form: FormatOptions, bar: String? = nil) throws {
    let table = TextTable(headings: columns, rows: answer.rows(columns), bar: bar)
    try show(answer, as: form, table: { table.formatted(for: $0) }, csv: { table })
}

/// Prints an object, one member below the other.
///
/// - Throws: `Failure` with 74 where it cannot be written.
func showFacts(_ answer: JSON, as form: FormatOptions) throws {
    guard case .object(let members) = answer else { return }
    let table = TextTable(headings: ["what", "value"], rows: members.map { [.text($0.key), $0.value] })
    try show(answer, as: form, table: { table.formatted(for: $0) }, csv: { table })
}

/// Writes a line to standard error.
func printError(_ line: String) { writeToStandardError(line + "\n") }

func writeToStandardError(_ text: String) {
    var text = text
    text.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}

extension JSON {
    /// The members of a list's objects, in the order of `columns`.
    fileprivate func rows(_ columns: [String]) -> [[JSON]] {
        guard case .array(let elements) = self else { return [] }
        return elements.map { element in
            guard case .object(let members) = element else { return columns.map { _ in .null } }
            return columns.map { column in members.first { $0.key == column }?.value ?? .null }
        }
    }

    /// A list's elements; anything else by itself.
    fileprivate var lines: [JSON] {
        if case .array(let elements) = self { return elements }
        return [self]
    }

    var isNumber: Bool {
        switch self {
        case .integer, .real, .null: true
        default: false
        }
    }

    /// The value as text, nothing for null.
    var plain: String {
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

    /// The value as a cell of a table: no line breaks, control characters or ways to steer a terminal in it.
    var cell: String {
        if case .null = self { return "-" }
        if case .integer(let value) = self { return grouped(value) }
        // what has more digits stands in JSON and CSV
        if case .real(let value) = self { return rounded(value) }
        return String(
            plain.unicodeScalars.map { scalar in
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.properties.isBidiControl
                    ? "\u{FFFD}" : Character(scalar)
            })
    }
}

/// To a thousandth, or to a tenth of what is more than a hundred.
private func rounded(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return String(value) }
    let places = abs(value) < 100 ? 1_000 : 10
    let parts = Int64((abs(value) * Double(places)).rounded()).quotientAndRemainder(dividingBy: Int64(places))
    let digits = String(places + Int(parts.remainder)).dropFirst()
    return (value < 0 && (parts.quotient, parts.remainder) != (0, 0) ? "-" : "") + grouped(parts.quotient) + "."
        + digits
}

/// With a comma after each group of three digits.
private func grouped(_ value: Int64) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text += "," }
        text.append(digit)
    }
    return value < 0 ? "-" + text : text
}
