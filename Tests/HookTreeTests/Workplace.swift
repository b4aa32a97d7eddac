import Glibc
import HookTree
import Testing

/// A directory for one test, removed with its owner.
final class Workplace {
    let path: String

    init() throws { path = try #require(Path.resolved(try Files.makeOwnDirectory("/tmp/hook-tree-test-"))) }

    deinit { try? Files.removeTree(path) }

    /// Writes a file, and the directories above it.
    @discardableResult
    func put(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        let file = "\(path)/\(name)"
        try Files.makeDirectories(Path.parent(file))
        try Files.make(file, Array(text.utf8), mode: mode)
        return file
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Files.contents(of: "\(path)/\(name)"), as: UTF8.self)
    }

    func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    /// The source of a small hook.
    func source(_ name: String = "source") throws -> HookSource {
        try put("\(name)/sitecustomize.py", configured)
        try put("\(name)/customs_hook/install/configure.py", "2")
        try put("\(name)/customs_sweep.py", "3")
        return try HookSource(directory: "\(path)/\(name)", program: "/")
    }

    /// A program that answers as an interpreter does, and compiles with an exit status.
    func interpreter(_ name: String, version: String, tag: String, magic: String, compiles: Int = 0) throws -> String {
        let file = "\(path)/\(name)"
        return try put(
            name,
            """
            #!/bin/sh
            case "$*" in
            *build.py*) echo "a reason" >&2; exit \(compiles);;
            esac
            echo "a wrapper says hello"
            printf 'customs-interpreter\\t\(file)\\t\(version)\\tcpython\\t\(tag)\\t\(magic)\\n'
            """, mode: 0o755)
    }
}

/// The parts of a `sitecustomize.py` that this module reads.
let configured = "#\n# --- site: x\nWATCHED = \"\"\"\n\"\"\"\n# --- end of what the site has set\n"
