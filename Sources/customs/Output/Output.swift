import JSON
import Query

/// Prints an answer in the form that the user chose.
///
/// - Parameter text: the text for people in place of the answer's table.
/// - Throws: `Failure` with 74 if it cannot be written.
func show(_ answer: Answer, as form: FormatOptions, text: ((Terminal) -> String)? = nil) throws {
    try show(answer, as: form.format, plain: form.plain, raw: form.raw, text: text)
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
