import Glibc
import Processes

/// Lists of hosts, from a file or from Slurm.
enum HostList {
    private static let mostBytes = 64 << 20
    /// Seconds.
    private static let patience = 30

    /// The names in a list, between blanks and line ends. What follows # on a line is a comment.
    static func names(in text: String) -> [String] {
        text.split(whereSeparator: { $0.isNewline }).flatMap { line in
            line.prefix { $0 != "#" }.split(whereSeparator: { $0.isWhitespace }).map { String($0) }
        }
    }

    /// The nodes that Slurm lists and that answer it (`sinfo(1)`).
    ///
    /// - Throws: `Failure`.
    static func ofSinfo() throws -> String {
        let outcome: Program.Outcome
        do throws(ProgramError) {
            outcome = try Program(
                "sinfo", ["--noheader", "--Node", "--responding", "--format=%n"],
                environment: inheritedEnvironment(), timeout: patience, maximumBytes: mostBytes
            ).run()
        } catch { throw Failure(.noInput, "--sinfo: \(error)") }
        if let complaint = outcome.complaint { throw Failure(.noInput, "--sinfo: sinfo: \(complaint)") }
        return outcome.outputText
    }

    /// - Parameter path: - for standard input.
    /// - Throws: `Failure`.
    static func ofFile(_ path: String) throws -> String {
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(.noInput, "--nodes \(path): \(String(cString: strerror(errno)))") }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(.noInput, "--nodes \(path): \(String(cString: strerror(errno)))")
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
            if bytes.count > mostBytes {
                throw Failure(.noInput, "--nodes \(path): it is too long for a list of hosts")
            }
        }
    }
}
