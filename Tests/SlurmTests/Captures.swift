import Glibc

/// Answers of a real Slurm 22.05.8 with four nodes; times are UTC, the cluster is called `rig`.
///
/// `cli/` holds the commands' output (`squeue.Format.txt`: `squeue --Format`, with the columns of `Queue`).
/// `slurmrestd/` holds the bodies of `/slurm/v0.0.38/job/ID` and, as `dbv0.0.38`, of `/slurmdb/v0.0.38/job/ID`. Job 33
/// was requeued twice, 39 is heterogeneous, 13 and 14 are arrays, 30 ran out of memory, 55 lost its node, 58 too and
/// was requeued.
enum Captures {
    static func bytes(_ name: String) throws -> [UInt8] {
        guard let file = fopen("\(directory)/\(name)", "r") else { throw Missing(name: name) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    static func names(_ folder: String) throws -> [String] {
        guard let list = opendir("\(directory)/\(folder)") else { throw Missing(name: folder) }
        defer { closedir(list) }
        var names: [String] = []
        while let entry = readdir(list) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    struct Missing: Error { let name: String }

    private static let directory = String(#filePath.dropLast("Captures.swift".utf8.count)) + "Captures"
}
