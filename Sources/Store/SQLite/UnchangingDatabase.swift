import Glibc

/// A database file in a place without write access. To read a file in write-ahead mode, SQLite wants to create files
/// beside it, unless it is told that the file does not change (sqlite.org/wal.html, section 5; sqlite.org/uri.html,
/// `immutable`).
enum UnchangingDatabase {
    /// The name to open such a file by; nil if a log of changes lies beside it, because the file cannot be read without
    /// the log.
    static func name(of path: String) -> String? {
        hasLog(path) ? nil : "file:" + path.utf8.map(escaped).joined() + "?immutable=1"
    }

    static func hasLog(_ path: String) -> Bool {
        var status = stat()
        return stat(path + "-wal", &status) == 0 && status.st_size > 0
    }

    private static func escaped(_ byte: UInt8) -> String {
        let isPlain = byte < 0x80 && !"%?#".utf8.contains(byte) && byte > 0x20
        if isPlain { return String(UnicodeScalar(byte)) }
        let digits = String(byte, radix: 16, uppercase: true)
        return (byte < 16 ? "%0" : "%") + digits
    }
}
