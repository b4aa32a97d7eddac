import CFileSystem
import Glibc
import SystemClock

/// A program that is run until it ends or its time is up.
///
/// It runs in `/`, whatever the directory of this process is: Python, for one, takes modules from its working
/// directory, and this process may be root's and in a directory of a user's.
public struct Program: Sendable {
    /// A path, or a name that is looked up on this process's `PATH`, without the directories there that are relative.
    public let executable: String
    public let arguments: [String]
    /// NAME=VALUE.
    public let environment: [String]
    /// The text of its standard input; nil for none.
    public let input: String?
    /// The longest run, seconds. After it the program is killed.
    public let timeout: Int
    /// The number of bytes that are kept of its standard output; of standard error the last few KiB are kept.
    public let maximumBytes: Int

    public init(
        _ executable: String, _ arguments: [String], environment: [String], input: String? = nil, timeout: Int = 120,
        maximumBytes: Int = 1 << 24
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.timeout = timeout
        self.maximumBytes = maximumBytes
    }

    public struct Outcome: Sendable {
        /// The exit code, 128 plus the signal's number, or nil if the time was up.
        public let status: Int32?
        public let output: [UInt8]
        /// The end of standard error, if it is long.
        public let errors: [UInt8]
        /// Whether it wrote more to its standard output than was kept.
        public let isCut: Bool

        public var outputText: String { String(decoding: output, as: UTF8.self) }
        public var errorText: String { String(decoding: errors, as: UTF8.self) }

        /// A description of the failure in one line; nil if there was none.
        public var complaint: String? {
            guard status != 0 else { return nil }
            let last = errorText.split(separator: "\n").last.map { ": \($0)" } ?? ""
            return (status.map { "it ended with status \($0)" } ?? "it did not end in time") + last
        }
    }

    private static let errorBytesAtMost = 16_384
    private static let workingDirectory = "/"

    /// Runs the program in `/`, in a process group of its own.
    public func run() throws(ProgramError) -> Outcome {
        let executable = Program.absolute(executable)
        let output = try Pipe(keeping: .first(maximumBytes))
        let errors = try Pipe(keeping: .last(Program.errorBytesAtMost))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let refusal = filesystem_start_in(&actions, Program.workingDirectory)
        guard refusal == 0 else { throw ProgramError(call: "addchdir", path: Program.workingDirectory, code: refusal) }
        let memory = try input.map { text throws(ProgramError) in try Program.memory(holding: text) }
        defer { if let memory { close(memory) } }
        if let memory {
            posix_spawn_file_actions_adddup2(&actions, memory, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var child: pid_t = 0
        let code = withCStrings([executable] + arguments) { arguments in
            withCStrings(environment) { environment in
                posix_spawnp(&child, executable, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw ProgramError(call: "posix_spawnp", path: executable, code: code) }
        output.closeWriting()
        errors.closeWriting()
        let end = steadyMilliseconds() + timeout * 1_000
        // a program that has closed its outputs may still run
        let status = Pipe.drain([output, errors], until: end) ? Program.status(of: child, until: end) : nil
        if status == nil {
            kill(-child, SIGKILL)
            var ignored: Int32 = 0
            while waitpid(child, &ignored, 0) < 0, errno == EINTR {}
        }
        return Outcome(status: status, output: output.bytes, errors: errors.bytes, isCut: output.isCut)
    }

    /// A file in memory, to be read from its beginning. A pipe could fill before the program reads it.
    private static func memory(holding text: String) throws(ProgramError) -> Int32 {
        let descriptor = filesystem_memory("input")
        guard descriptor >= 0 else { throw ProgramError(call: "memfd_create", path: "standard input", code: errno) }
        var text = text
        let written = text.withUTF8 { bytes in
            bytes.isEmpty || write(descriptor, bytes.baseAddress, bytes.count) == bytes.count
        }
        guard written, lseek(descriptor, 0, SEEK_SET) == 0 else {
            close(descriptor)
            throw ProgramError(call: "write", path: "standard input", code: errno)
        }
        return descriptor
    }

    /// A relative path from this process's directory as an absolute one; names and absolute paths stay.
    private static func absolute(_ executable: String) -> String {
        guard executable.contains("/"), !executable.hasPrefix("/"), let here = getcwd(nil, 0) else { return executable }
        defer { free(here) }
        return String(cString: here) + "/" + executable
    }

    /// Waits for a child's end; nil if it has not ended in time.
    private static func status(of child: pid_t, until end: Int) -> Int32? {
        var status: Int32 = 0
        var pause: UInt32 = 100
        while true {
            let found = waitpid(child, &status, WNOHANG)
            if found == child { break }
            // another part of this process has reaped the child, so its status is unknown
            if found < 0, errno != EINTR { return 255 }
            if steadyMilliseconds() >= end { return nil }
            usleep(pause)
            pause = min(pause * 2, 20_000)
        }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }
}

/// This process' environment as NAME=VALUE, for its children.
///
/// Root may have the `HOME` of another user (`sudo -E`), from which Python would run that user's `usercustomize`. Then
/// it is `/` instead.
public func inheritedEnvironment() -> [String] {
    guard let file = fopen("/proc/self/environ", "re") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { break }
        bytes += chunk[..<count]
    }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.map { entry in
        var status = stat()
        let isAnothers =
            geteuid() == 0 && entry.hasPrefix("HOME=")
            && stat(String(entry.dropFirst(5)), &status) == 0 && status.st_uid != 0
        return isAnothers ? "HOME=/" : entry
    }
}

/// A pipe that a child writes to.
private final class Pipe {
    enum Keeping {
        case first(Int)
        case last(Int)
    }

    let writing: Int32
    private(set) var isCut = false
    private var kept: [UInt8] = []
    private let reading: Int32
    private let keeping: Keeping
    private var isWritingOpen = true
    private var isAtEnd = false

    init(keeping: Keeping) throws(ProgramError) {
        var ends: [Int32] = [-1, -1]
        // in one call: between two, another thread could start a program that inherits the pipe
        guard filesystem_pipe(&ends) == 0 else { throw ProgramError(call: "pipe2", path: "a pipe", code: errno) }
        (reading, writing) = (ends[0], ends[1])
        self.keeping = keeping
    }

    var bytes: [UInt8] {
        switch keeping {
        case .first: kept
        case .last(let count): Array(kept.suffix(count))
        }
    }

    deinit {
        closeWriting()
        close(reading)
    }

    func closeWriting() {
        if isWritingOpen { close(writing) }
        isWritingOpen = false
    }

    /// Reads until the last writer has closed the pipes. Returns whether that happened in time.
    static func drain(_ pipes: [Pipe], until end: Int) -> Bool {
        while true {
            let open = pipes.filter { !$0.isAtEnd }
            let left = end - steadyMilliseconds()
            if open.isEmpty { return true }
            if left <= 0 { return false }
            var waited = open.map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
            _ = poll(&waited, nfds_t(waited.count), Int32(clamping: left))
            for (pipe, state) in zip(open, waited) where state.revents != 0 { pipe.take() }
        }
    }

    private func take() {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = read(reading, &chunk, chunk.count)
        isAtEnd = count == 0 || count < 0 && errno != EINTR
        guard count > 0 else { return }
        // bytes beyond the limit are read and dropped, so that the program does not block on a full pipe
        switch keeping {
        case .first(let most): if kept.count + count <= most { kept += chunk[..<count] } else { isCut = true }
        case .last(let most):
            kept += chunk[..<count]
            if kept.count > most * 8 { kept.removeFirst(kept.count - most) }
        }
    }
}

private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { list[index] = strdup(text) }
    list[texts.count] = nil
    defer {
        for index in texts.indices { free(list[index]) }
        list.deallocate()
    }
    return body(list)
}
