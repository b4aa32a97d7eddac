import Glibc
import JSON

/// Writes lines to standard error, made printable: they may quote texts from outside.
func printError(_ lines: String) { writeToStandardError(printableLines(lines) + "\n") }

/// Writes a text as it is.
func writeToStandardError(_ text: String) {
    var text = text
    text.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}
