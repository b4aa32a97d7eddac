import Glibc
import JSON

/// Another program whose output goes to a terminal in printable form, because it holds texts from outside.
struct ProgramOnTerminal {
    /// The program and its arguments.
    let words: [String]

    private static let longestLine = 1 << 20

    /// Runs the program to its end, with this process's environment and standard input.
    ///
    /// - Returns: its exit code, or 128 plus a signal's number.
    /// - Throws: `Failure` with 69 if it cannot be started, and with 74 if its output cannot be written.
    func run() throws -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw failure(errno) }
        defer { close(ends[0]) }
        var child: pid_t = 0
        let code = start(writingTo: ends, &child)
        close(ends[1])
        guard code == 0 else { throw failure(code) }
        try show(from: ends[0])
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    private func start(writingTo ends: [Int32], _ child: inout pid_t) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        if isatty(2) == 1 { posix_spawn_file_actions_adddup2(&actions, ends[1], 2) }
        posix_spawn_file_actions_addclose(&actions, ends[1])
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        return posix_spawnp(&child, words[0], &actions, nil, arguments, environ)
    }

    /// Shows whole lines, so that no character is cut.
    private func show(from descriptor: Int32) throws {
        var waiting: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            waiting += chunk[..<count]
            let end = waiting.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            let taken = end == 0 && waiting.count > ProgramOnTerminal.longestLine ? waiting.count : end
            try StandardOutput.write(printableLines(String(decoding: waiting[..<taken], as: UTF8.self)))
            waiting.removeFirst(taken)
        }
        try StandardOutput.write(printableLines(String(decoding: waiting, as: UTF8.self)))
    }

    private func failure(_ code: Int32) -> Failure {
        Failure(.unavailable, "cannot start \(words[0]): \(String(cString: strerror(code)))")
    }
}
