import Glibc

/// A program that shows long texts on a terminal.
struct Pager {
    /// The command for the shell.
    let command: String

    /// The pager that `CUSTOMS_PAGER` or `PAGER` names, else less; nil if none is wanted or installed.
    static var chosen: Pager? {
        if let chosen = getenv("CUSTOMS_PAGER") ?? getenv("PAGER") {
            let command = String(cString: chosen)
            return command.isEmpty || command == "cat" ? nil : Pager(command: command)
        }
        // keeps colours, does not fold long lines, and shows short texts without paging
        return isOnPath("less") ? Pager(command: "less -FRSX") : nil
    }

    /// - Returns: false if the pager did not start or failed; the text was then not shown completely.
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
