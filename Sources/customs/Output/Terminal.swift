import Glibc

/// The kind of standard output, and the features that it allows.
struct Terminal {
    /// Columns and rows; nil if the output is not a terminal, or must be plain.
    let size: (columns: Int, rows: Int)?
    let hasColour: Bool

    /// Whether standard output is a terminal.
    static var isOutput: Bool { isatty(1) == 1 }

    init(plain: Bool) {
        guard !plain, Terminal.isOutput else {
            size = nil
            hasColour = false
            return
        }
        var window = winsize()
        let isKnown = ioctl(1, UInt(TIOCGWINSZ), &window) == 0 && window.ws_col > 0 && window.ws_row > 0
        size = isKnown ? (Int(window.ws_col), Int(window.ws_row)) : (80, 24)
        hasColour = variable("NO_COLOR") == nil && variable("TERM") != "dumb"
    }

    /// Lines of this length, and no terminal.
    init(columns: Int) {
        size = (columns, .max)
        hasColour = false
    }

    /// Prints a text, through a pager if it is longer than the terminal. If the pager fails, the text is printed
    /// without it.
    ///
    /// - Throws: `Failure` with 74 if it cannot be written.
    func show(_ text: String) throws {
        let lines = text.utf8.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        if let size, lines >= size.rows, let pager = Pager.chosen, pager.show(text) { return }
        try StandardOutput.write(line: text)
    }
}

/// A variable of the environment; nil if it is unset or empty.
private func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
}
