import JSON
import Query

/// Prints an answer in the form that the user chose.
///
/// - Parameter text: the text for people in place of the answer's table.
/// - Throws: `Failure` with 74 if it cannot be written.
func show(_ answer: Answer, as form: FormatOptions, text: ((Terminal) -> String)? = nil) throws {
    try show(answer, as: form.format, plain: form.plain, text: text)
}

/// - Parameter plain: whether the output to a terminal has no extras, as without one.
/// - Throws: `Failure` with 74 if it cannot be written.
func show(
    _ answer: Answer, as format: OutputFormat, plain: Bool = false, text: ((Terminal) -> String)? = nil
) throws {
    Spinner.stop()
    if let form = format.form { return try StandardOutput.write(answer.text(as: form)) }
    let terminal = Terminal(plain: plain)
    try terminal.show(text?(terminal) ?? TextTable(answer).formatted(for: terminal))
}
