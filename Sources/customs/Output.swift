import ArgumentParser
import Glibc
import Query

enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, csv
}

/// Rows under headings, for people and for spreadsheets.
struct TextTable {
    let headings: [String]
    var rows: [[JSON]]

    /// Columns padded to one width, numbers to the right.
    var formatted: String {
        let cells = rows.map { row in row.map { $0.cell } }
        var widths = headings.map { $0.count }
        for row in cells {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
        }
        let numeric = headings.indices.map { column in
            !rows.isEmpty && rows.allSatisfy { $0[column].isNumber }
        }
        func line(_ cells: [String]) -> String {
            var text = ""
            for (index, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: max(0, widths[index] - cell.count))
                text += (index == 0 ? "" : "  ") + (numeric[index] ? padding + cell : cell + padding)
            }
            while text.last == " " { text.removeLast() }
            return text
        }
        return ([line(headings)] + cells.map(line)).joined(separator: "\n")
    }

    /// RFC 4180, with a heading and LF.
    var csv: String {
        let lines = rows.map { row in row.map { csvField($0.plain) }.joined(separator: ",") }
        return ([headings.map(csvField).joined(separator: ",")] + lines).joined(separator: "\n")
    }
}

/// Prints an answer in the format that the user chose.
func show(_ json: JSON, as format: OutputFormat, table: () -> String, csv: () -> TextTable) {
    switch format {
    case .json: print(json.formatted)
    case .csv: print(csv().csv)
    case .table: print(table())
    }
}

/// Prints a list of objects, with these members as columns.
func show(_ answer: JSON, _ columns: [String], as format: OutputFormat) {
    let table = TextTable(headings: columns, rows: answer.rows(columns))
    show(answer, as: format, table: { table.formatted }, csv: { table })
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
        return String(
            plain.unicodeScalars.map { scalar in
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.properties.isBidiControl
                    ? "\u{FFFD}" : Character(scalar)
            })
    }
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

private func csvField(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }) else {
        return text
    }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}
