import Glibc
import Synchronization

/// A folder for what the tests of this process write; it goes when the process ends.
public enum ScratchFolder {
    /// Short, because the paths of unix sockets are, and open to the user that PostgreSQL runs as.
    ///
    /// `CUSTOMS_TEST_FOLDER` names the folder that it is in; by default it is `/tmp`.
    public static let path: String = {
        let parent = Shell.variable("CUSTOMS_TEST_FOLDER") ?? "/tmp"
        var name = Array("\(parent)/customs-tests-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else {
            fatalError("cannot make a folder in \(parent): \(String(cString: strerror(errno)))")
        }
        let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        atexit {
            PostgresServer.stop()
            try? Shell.run("rm -rf -- '\(ScratchFolder.path)'")
        }
        return path
    }()

    private static let taken = Atomic<Int>(0)

    /// A name for something new.
    public static func newName(_ prefix: String) -> String {
        "\(prefix)\(taken.add(1, ordering: .relaxed).newValue)"
    }
}
