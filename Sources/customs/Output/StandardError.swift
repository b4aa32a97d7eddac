import Glibc

/// Writes a line to standard error.
func printError(_ line: String) { writeToStandardError(line + "\n") }

func writeToStandardError(_ text: String) {
    var text = text
    text.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}
