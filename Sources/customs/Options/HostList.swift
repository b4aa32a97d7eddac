import JSON
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
        } catch { throw Failure(.unavailable, "--sinfo: \(error)") }
        if let complaint = outcome.complaint { throw Failure(.unavailable, "--sinfo: sinfo: \(complaint)") }
        return outcome.outputText
    }

    /// - Parameter path: - for standard input.
    /// - Throws: `Failure`.
    static func ofFile(_ path: String) throws -> String {
        do throws(FileContents.Unreadable) {
            let bytes = try FileContents.read(path == "-" ? "/dev/stdin" : path, most: mostBytes)
            return String(decoding: bytes, as: UTF8.self)
        } catch { throw Failure(.noInput, "--nodes \(printable(path)): \(error.reason)") }
    }
}
