import Glibc
import Processes
import Sockets
import SystemClock

/// One interpreter run under an installed hook: its record, its output, and its files.
public struct HookTrial {
    public let executable: String
    public let interpreter: Interpreter?
    /// The time from the interpreter's start; nil if no record arrived.
    public private(set) var milliseconds: Int64?
    /// Whether a start has nothing to compile; nil if unknown.
    public private(set) var isCompiled: Bool?
    /// nil if it was not seen.
    public private(set) var trace: Trace?
    public private(set) var problems: [String] = []
    /// Problems of the site's directories and files, whatever the interpreter.
    public private(set) var siteProblems: [String] = []

    /// The trace that is left for the case that the process is killed.
    public enum Trace: String {
        case made
        case missing = "none"
        /// The hook is installed without traces.
        case off
    }

    /// The values that all trials share.
    public struct Environment {
        let prefix: String
        /// The value of `PYTHONPATH`, with the prefix.
        let search: String
        let socket: DatagramSocket
        /// Maximum seconds for an interpreter and its record.
        let timeout: Int
        /// The directory for files of a trial.
        let directory: String
        /// A package that the hook watches.
        let package: String
        /// The program that is run: `customs_hook/install/check.py`.
        let program: String

        public init(
            prefix: String, search: String, socket: DatagramSocket, timeout: Int, directory: String, package: String,
            program: String
        ) {
            self.prefix = prefix
            self.search = search
            self.socket = socket
            self.timeout = timeout
            self.directory = directory
            self.package = package
            self.program = program
        }
    }

    public init(_ result: Compilation.Result, _ environment: Environment) {
        executable = result.executable
        interpreter = result.interpreter
        guard let interpreter = result.interpreter else {
            problems.append(result.error ?? "it does not answer")
            return
        }
        do {
            if interpreter.isRecorded {
                try tryRecord(environment)
                try tryCompiled(environment)
            } else {
                try run(["-c", "pass"], environment)
            }
        } catch {
            problems.append(error.description)
        }
    }

    private mutating func tryRecord(_ environment: Environment) throws(HookTreeError) {
        let token = "\(getpid()).\(steadyMilliseconds())"
        let standIn = try Files.makeOwnDirectory(environment.directory + "/package-")
        try Files.make("\(standIn)/\(environment.package).py", Array("__version__ = '\(token)'\n".utf8), mode: 0o644)
        let answer = standIn + "/answer"
        let start = steadyMilliseconds()
        try run(
            ["-c", environment.program, environment.prefix, environment.package, answer], environment)
        let found = facts(answer)
        let end = start + environment.timeout * 1_000
        let records = HookTrial.records(environment.socket, containing: token, until: end)
        if records == 0 {
            problems.append(reasonForSilence(found, environment))
        } else {
            milliseconds = Int64(steadyMilliseconds() - start)
            if records > 1 { problems.append("one process sent \(records) records") }
        }
        if let problem = found["list"], !problem.isEmpty {
            siteProblems.append("the list of users who have opted out, \(problem)")
        }
        judgeTrace(found)
    }

    private mutating func tryCompiled(_ environment: Environment) throws(HookTreeError) {
        let build = environment.prefix + "/customs_hook/install/build.py"
        let outcome = try end(
            of: Program(
                executable, ["-I", "-S", "-B", build, "--check", environment.prefix],
                environment: Interpreter.environment()))
        if let complaint = outcome.complaint { throw .refused(complaint) }
        let stale = outcome.outputText.split(separator: "\n")
        isCompiled = stale.isEmpty
        if !stale.isEmpty {
            problems.append("each start compiles \(stale.joined(separator: ", ")): install again for this interpreter")
        }
    }

    /// Runs the interpreter under the hook, which must not print or change anything.
    private mutating func run(_ arguments: [String], _ environment: Environment) throws(HookTreeError) {
        let outcome = try end(
            of: Program(
                executable, arguments,
                environment: Interpreter.environment() + [
                    "PYTHONPATH=\(environment.search)", "PYTHONDONTWRITEBYTECODE=1",
                    "CUSTOMS_SERVER=\(environment.socket.address.description)",
                ],
                timeout: environment.timeout))
        for (stream, text) in [("output", outcome.outputText), ("error", outcome.errorText)] where !text.isEmpty {
            problems.append("it printed on standard \(stream): \(text)")
        }
        if outcome.status != 0 { problems.append(outcome.complaint ?? "") }
    }

    private func end(of program: Program) throws(HookTreeError) -> Program.Outcome {
        do throws(ProgramError) { return try program.run() } catch { throw HookTreeError(error) }
    }

    private func reasonForSilence(_ facts: [String: String], _ environment: Environment) -> String {
        if facts.isEmpty { return "no record arrived, and the program did not end normally" }
        if facts["opted_out"] == "True" {
            return "no record arrived: the list of those who have opted out names this user, or cannot be read whole"
        }
        if facts["loaded"] == "False" {
            if let front = facts["front"], !front.isEmpty {
                return "no record arrived: Python runs \(front), which is in front of \(environment.prefix) "
                    + "and does not load the hook: put the hook first on PYTHONPATH"
            }
            return "no record arrived: Python did not load \(environment.prefix)"
        }
        return "no record arrived within \(environment.timeout) s at \(environment.socket.address.description)"
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
            siteProblems.append(
                "there is no trace directory \(directory), and so no record of killed processes: make it with mode "
                    + "1777, or install with --trace-dir ''")
            return
        }
        if mode != "1777", mode != "1755" {
            siteProblems.append("the trace directory \(directory) has mode \(mode): chmod 1777 it")
        }
        guard let made = facts["trace"], !made.isEmpty else {
            if facts["opted_out"] == "False" {
                let advice = mode == "1755" ? ": root must make a directory there that is named by the uid" : ""
                problems.append("no trace was made in \(directory)\(advice)")
            }
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
    private static func records(_ socket: DatagramSocket, containing token: String, until end: Int) -> Int {
        var count = 0
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let left = count > 0 ? 0 : max(0, end - steadyMilliseconds())
            var waited = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waited, 1, Int32(clamping: left)) > 0 else { return count }
            let size = recv(socket.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if size > 0, String(decoding: buffer[..<size], as: UTF8.self).contains(token) { count += 1 }
        }
    }
}
