import Glibc

/// The bytes of a file that an option names.
enum FileContents {
    /// Why a file cannot be read.
    struct Unreadable: Error {
        /// `errno`; EFBIG if it is larger than allowed.
        let code: Int32

        var reason: String { String(cString: strerror(code)) }
    }

    /// - Parameter most: bytes.
    static func read(_ path: String, most: Int) throws(Unreadable) -> [UInt8] {
        guard let file = fopen(path, "re") else { throw Unreadable(code: errno) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= most {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        // a directory can be opened but not read
        if ferror(file) != 0 { throw Unreadable(code: errno) }
        if bytes.count > most { throw Unreadable(code: EFBIG) }
        return bytes
    }
}
