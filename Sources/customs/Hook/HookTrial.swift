import Glibc
import HookTree
import Listen
import Processes

/// One interpreter run under an installed hook: its record, its output, and its files.
struct HookTrial {
    let executable: String
    let interpreter: Interpreter?
    /// The time from the interpreter's start; nil if no record arrived.
    private(set) var milliseconds: Int64?
    /// Whether a start has nothing to compile; nil if unknown.
    private(set) var isCompiled: Bool?
    /// nil if it was not seen.
    private(set) var trace: Trace?
    private(set) var problems: [String] = []
    /// A problem of the hook's directory, whatever the interpreter.
    private(set) var siteProblem: String?

    /// The trace that is left for the case that the process is killed.
    enum Trace: String {
        case made
        case missing = "none"
        /// The hook is installed without traces.
        case off
    }

    /// The values that all trials share.
    struct Surroundings {
        let prefix: String
        /// The value of `PYTHONPATH`, with the prefix.
        let search: String
        let socket: DatagramSocket
        let secondsAtMost: Int
        /// The directory for files of a trial.
        let directory: String
        /// A package that the hook watches.
        let package: String
        /// The program that is run: `customs_hook/install/check.py`.
        let program: String
    }

    init(_ result: Compilation.Result, _ surroundings: Surroundings) {
        executable = result.executable
        interpreter = result.interpreter
        guard let interpreter = result.interpreter else {
            problems.append(result.error ?? "it does not answer")
            return
        }
        do {
            if interpreter.isRecorded {
                try tryRecord(surroundings)
                try tryCompiled(surroundings)
            } else {
                try run(["-c", "pass"], surroundings)
            }
        } catch {
            problems.append(error.description)
        }
    }

    private mutating func tryRecord(_ surroundings: Surroundings) throws(HookTreeError) {
        let token = "\(getpid()).\(monotonicMilliseconds())"
        let standIn = try Files.makeOwnDirectory(surroundings.directory + "/package-")
        try Files.make("\(standIn)/\(surroundings.package).py", Array("__version__ = '\(token)'\n".utf8), mode: 0o644)
        let answer = standIn + "/answer"
        let start = monotonicMilliseconds()
        try run(
            ["-c", surroundings.program, surroundings.prefix, surroundings.package, answer], surroundings)
        let found = facts(answer)
        let end = start + Int64(surroundings.secondsAtMost) * 1000
        let records = HookTrial.records(surroundings.socket, containing: token, until: end)
        if records == 0 {
            problems.append(reasonForSilence(found, surroundings))
        } else {
            milliseconds = monotonicMilliseconds() - start
            if records > 1 { problems.append("one process sent \(records) records") }
        }
        judgeTrace(found)
    }

    private mutating func tryCompiled(_ surroundings: Surroundings) throws(HookTreeError) {
        let build = surroundings.prefix + "/customs_hook/install/build.py"
        let outcome = try end(
            of: Program(
                executable, ["-I", "-S", "-B", build, "--check", surroundings.prefix],
                environment: Interpreter.surroundings()))
        if let complaint = outcome.complaint { throw .refused(complaint) }
        let stale = outcome.outputText.split(separator: "\n")
        isCompiled = stale.isEmpty
        if !stale.isEmpty {
            problems.append("each start compiles \(stale.joined(separator: ", ")): install again for this interpreter")
        }
    }

    /// Runs the interpreter under the hook, which must not print or change anything.
    private mutating func run(_ arguments: [String], _ surroundings: Surroundings) throws(HookTreeError) {
        let outcome = try end(
            of: Program(
                executable, arguments,
                environment: Interpreter.surroundings() + [
                    "PYTHONPATH=\(surroundings.search)", "PYTHONDONTWRITEBYTECODE=1",
                    "CUSTOMS_SERVER=\(surroundings.socket.address.description)",
                ],
                secondsAtMost: surroundings.secondsAtMost))
        for (stream, text) in [("output", outcome.outputText), ("error", outcome.errorText)] where !text.isEmpty {
            problems.append("it printed on standard \(stream): \(text)")
        }
        if outcome.status != 0 { problems.append(outcome.complaint ?? "") }
    }

    private func end(of program: Program) throws(HookTreeError) -> Program.Outcome {
        do throws(ProgramError) { return try program.run() } catch { throw HookTreeError(error) }
    }

    private func reasonForSilence(_ facts: [String: String], _ surroundings: Surroundings) -> String {
        if facts.isEmpty { return "no record arrived, and the program did not end normally" }
        if facts["opted_out"] == "True" {
            return "no record arrived: this user is in the list of those who have opted out"
        }
        if facts["loaded"] == "False" {
            if let front = facts["front"], !front.isEmpty {
                return "no record arrived: Python runs \(front), which is in front of \(surroundings.prefix) "
                    + "and does not load the hook: put the hook first on PYTHONPATH"
            }
            return "no record arrived: Python did not load \(surroundings.prefix)"
        }
        return "no record arrived within \(surroundings.secondsAtMost) s at \(surroundings.socket.address.description)"
    }

    private mutating func judgeTrace(_ facts: [String: String]) {
        guard let directory = facts["trace_dir"] else { return }
        // configure.py writes /dev/null for "no directory"
        if directory == "/dev/null" {
            trace = .off
            return
        }
        trace = .missing
        guard let mode = facts["trace_mode"] else {
            siteProblem =
                "there is no trace directory \(directory), and so no record of killed processes: make it with mode "
                + "1777, or install with --trace-dir ''"
            return
        }
        if mode != "1777" {
            siteProblem = "the trace directory \(directory) has mode \(mode): chmod 1777 it"
        }
        guard let made = facts["trace"], !made.isEmpty else {
            if facts["opted_out"] == "False" { problems.append("no trace was made in \(directory)") }
            return
        }
        trace = .made
        if access(made, F_OK) == 0 { problems.append("the trace \(made) was left behind at exit") }
    }

    /// Reads lines `KEY VALUE`.
    private func facts(_ path: String) -> [String: String] {
        guard let bytes = try? Files.contents(of: path) else { return [:] }
        var found: [String: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let key = line.prefix { $0 != " " }
            found[String(key)] = String(line.dropFirst(key.count + 1))
        }
        return found
    }

    /// The number of datagrams that contain a text. Once there is one, it does not wait for more.
    private static func records(_ socket: DatagramSocket, containing token: String, until end: Int64) -> Int {
        var count = 0
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let left = count > 0 ? 0 : max(0, end - monotonicMilliseconds())
            var waited = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waited, 1, Int32(clamping: left)) > 0 else { return count }
            let size = recv(socket.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if size > 0, String(decoding: buffer[..<size], as: UTF8.self).contains(token) { count += 1 }
        }
    }
}
