import Checksum

/// The digests of an installed tree's files, in the form of `sha256sum(1)`. The installation writes them, and `customs
/// hook check` compares them: a file that a copy has lost or damaged would show only in users' programs.
public enum TreeDigests {
    /// The file with the digests, below the tree.
    static let file = "customs_hook/SHA256SUMS"

    /// Writes the digests of files of a tree.
    static func write(_ files: [String], of directory: String) throws(HookTreeError) {
        var text = ""
        for path in files { text += "\(try digest(directory + "/" + path))  \(path)\n" }
        try Files.make(directory + "/" + file, Array(text.utf8), mode: 0o644)
    }

    /// The differences of an installed tree from its digests, in words. A tree without digests has none.
    ///
    /// Compiled files that came later are passed over: a Python that root runs under the hook may write them.
    public static func differences(in tree: String) -> [String] {
        guard let bytes = try? Files.contents(of: tree + "/" + file) else { return [] }
        var known: Set<String> = [file]
        var found: [String] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let path = String(line.dropFirst(66))
            known.insert(path)
            if let now = try? digest(tree + "/" + path) {
                if now != line.prefix(64) { found.append("\(tree)/\(path) has changed since the installation") }
            } else {
                found.append("\(tree)/\(path) is missing")
            }
        }
        for path in StagedTree.files(below: tree) where path.hasSuffix(".py") && !known.contains(path) {
            found.append("\(tree)/\(path) was not installed with the hook")
        }
        return found.isEmpty ? [] : found + ["\(tree): install the hook again, and find out who changed it"]
    }

    private static func digest(_ path: String) throws(HookTreeError) -> String {
        SHA256.hash(try Files.contents(of: path)).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }
}
