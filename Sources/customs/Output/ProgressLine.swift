import Glibc
import JSON
import Query

/// The progress of a long task, on one line of a terminal. Without a terminal it prints nothing.
final class ProgressLine {
    private let name: String
    private let isTerminal = isatty(2) == 1
    private var shown = -1

    init(name: String) { self.name = name }

    /// - Parameter fraction: from 0 to 1.
    func show(_ fraction: Double) {
        let percent = Int(max(0, min(1, fraction)) * 100)
        guard isTerminal, percent != shown else { return }
        shown = percent
        let bar = String(repeating: "#", count: percent / 4) + String(repeating: ".", count: 25 - percent / 4)
        writeToStandardError("\r[\(bar)] \(percent) %  \(printable(name))")
    }

    func clear() {
        if shown >= 0 { writeToStandardError("\r\u{1B}[K") }
    }
}
