import JSON
import Query

/// Prints an answer in the form that the user chose.
///
/// - Parameters:
///   - head: lines in parts, for people above the answer.
///   - text: the text for people in place of the answer's table.
/// - Throws: `Failure` with 74 if it cannot be written.
func show(
    _ answer: Answer, as form: FormatOptions, head: [[String]] = [], text: ((Terminal) -> String)? = nil
) throws {
    try show(answer, as: form.format, plain: form.plain, raw: form.raw) { terminal in
        let body = text?(terminal) ?? TextTable(answer).formatted(for: terminal)
        return head.isEmpty ? body : HeadText.folded(head, for: terminal) + "\n\n" + body
    }
}

/// - Parameters:
///   - plain: whether the output to a terminal has no extras, as without one.
///   - raw: whether texts in CSV stay as they are, formulas too.
/// - Throws: `Failure` with 74 if it cannot be written.
func show(
    _ answer: Answer, as format: OutputFormat, plain: Bool = false, raw: Bool = false,
    text: ((Terminal) -> String)? = nil
) throws {
    Spinner.stop()
    let csv = CSV(isRaw: raw, isForTerminal: Terminal.isOutput)
    if let form = format.form { return try StandardOutput.write(answer.text(as: form, csv: csv)) }
    let terminal = Terminal(plain: plain)
    try terminal.show(text?(terminal) ?? TextTable(answer).formatted(for: terminal))
}
