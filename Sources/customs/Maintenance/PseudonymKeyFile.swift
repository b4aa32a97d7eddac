import Glibc
import Store

/// The file that holds the key of pseudonyms, which nobody but its owner may read.
struct PseudonymKeyFile {
    let path: String

    /// - Returns: nil if there is no such file.
    func load() throws -> PseudonymKey? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure(.configuration, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.configuration, "\(path): is no file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Failure(
                .configuration,
                "\(path): others may read this key; take it back with: chmod 600 \(path) (or, if they have read it: --rotate)"
            )
        }
        var text = [UInt8](repeating: 0, count: 4 * PseudonymKey.length)
        let count = read(file, &text, text.count)
        guard count > 0, let key = PseudonymKey(bytes(ofDigits: text[..<count])) else {
            throw Failure(.configuration, "\(path): holds no key of \(PseudonymKey.length) bytes in hexadecimal digits")
        }
        return key
    }

    /// Makes a new key in a new file, or in the place of the old one. Made by root, it belongs to the folder's owner: whoever
    /// keeps the folder goes on with it.
    func make() throws -> PseudonymKey {
        // the kernel's random numbers
        var generator = SystemRandomNumberGenerator()
        let random = (0..<PseudonymKey.length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        guard let key = PseudonymKey(random) else { throw Failure(.software, "a key of \(random.count) bytes") }
        makeFolder()
        let fresh = path + ".new"
        unlink(fresh)
        let file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(.configuration, "\(fresh): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var text = random.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() + "\n"
        let written = text.withUTF8 { write(file, $0.baseAddress, $0.count) }
        if geteuid() == 0 { try giveAway(file) }
        guard written == text.utf8.count, fsync(file) == 0, rename(fresh, path) == 0 else {
            throw Failure(.configuration, "\(path): \(String(cString: strerror(errno)))")
        }
        return key
    }

    private func giveAway(_ file: Int32) throws {
        let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) }
        var status = stat()
        guard stat(folder ?? ".", &status) == 0, fchown(file, status.st_uid, status.st_gid) == 0 else {
            throw Failure(.configuration, "\(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Makes the folders that the file is to lie in, closed to others; where that fails, so will what follows.
    private func makeFolder() {
        for (index, byte) in path.utf8.enumerated() where byte == UInt8(ascii: "/") && index > 0 {
            mkdir(String(decoding: path.utf8.prefix(index), as: UTF8.self), 0o700)
        }
    }

    /// Destroys the key: it is overwritten, then the file goes. Copies in backups are not reached.
    ///
    /// - Returns: false if there was none.
    func destroy() throws -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return false }
            throw Failure(.configuration, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: 2 * PseudonymKey.length)
        guard write(file, zeros, zeros.count) == zeros.count, fsync(file) == 0, unlink(path) == 0 else {
            throw Failure(.configuration, "\(path): \(String(cString: strerror(errno)))")
        }
        return true
    }
}

/// Pairs of hexadecimal digits; white space at the end does not count, and anything else makes it empty.
private func bytes(ofDigits text: ArraySlice<UInt8>) -> [UInt8] {
    let digits = text.filter { $0 > 0x20 }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count - 1, by: 2) {
        guard let byte = UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16) else { return [] }
        bytes.append(byte)
    }
    return digits.count % 2 == 0 ? bytes : []
}
