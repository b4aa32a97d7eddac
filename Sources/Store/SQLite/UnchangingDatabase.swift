import Glibc

/// A database file that lies where nothing can be written. SQLite wants to make files beside one in write-ahead mode even to
/// read it, unless it is told that nobody changes it (sqlite.org/wal.html, section 5; sqlite.org/uri.html, `immutable`).
enum UnchangingDatabase {
    /// By which such a file is opened; nil where a log of changes lies beside it, without which it is not to be read.
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
