import Glibc

/// A program through which long texts go to a terminal.
struct Pager {
    /// For the shell.
    let command: String

    /// What `CUSTOMS_PAGER` or `PAGER` says, else less; nil where none is wanted, or none is there.
    static var chosen: Pager? {
        if let chosen = getenv("CUSTOMS_PAGER") ?? getenv("PAGER") {
            let command = String(cString: chosen)
            return command.isEmpty || command == "cat" ? nil : Pager(command: command)
        }
        // colours pass, long lines are not folded, and what fits is simply shown
        return isOnPath("less") ? Pager(command: "less -FRSX") : nil
    }

    /// - Returns: false if it did not start, or failed: then the text was not shown, or not all of it.
    func show(_ text: String) -> Bool {
        guard let pipe = popen(command, "w") else { return false }
        // a user may leave the pager before it has read everything
        let before = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, before) }
        fputs(text + "\n", pipe)
        let status = pclose(pipe)
        guard status != 0 else { return true }
        printError("customs: the pager '\(command)' failed; CUSTOMS_PAGER names another one")
        return false
    }

    private static func isOnPath(_ name: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }
}
