import Checksum
import Glibc

/// The file that holds the key of pseudonyms; only its owner may read it.
public struct PseudonymKeyFile {
    public let path: String

    public init(path: String) { self.path = path }

    /// - Returns: nil if the file does not exist.
    public func load() throws(PseudonymKeyError) -> PseudonymKey? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw PseudonymKeyError("\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw PseudonymKeyError("\(path): is not a file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw PseudonymKeyError(
                "\(path): other users may read this key; use: chmod 600 \(path) (or, if they have read it, --rotate)"
            )
        }
        var text = [UInt8](repeating: 0, count: 4 * PseudonymKey.length)
        let count = read(file, &text, text.count)
        guard count > 0, let key = PseudonymKey(bytes(ofDigits: text[..<count])) else {
            throw PseudonymKeyError("\(path): not a key of \(PseudonymKey.length) bytes in hexadecimal digits")
        }
        return key
    }

    /// Writes a new key to a new file, or over the old one. A file made by root gets the folder's owner, so that the
    /// owner can use it.
    public func make() throws(PseudonymKeyError) -> PseudonymKey {
        // the kernel's random numbers
        var generator = SystemRandomNumberGenerator()
        let random = (0..<PseudonymKey.length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        guard let key = PseudonymKey(random) else { throw PseudonymKeyError("a key of \(random.count) bytes") }
        makeFolder()
        let fresh = path + ".new"
        unlink(fresh)
        let file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw PseudonymKeyError("\(fresh): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var text = random.hexadecimal + "\n"
        let written = text.withUTF8 { write(file, $0.baseAddress, $0.count) }
        if geteuid() == 0 { try giveAway(file) }
        guard written == text.utf8.count, fsync(file) == 0, rename(fresh, path) == 0 else {
            throw PseudonymKeyError("\(path): \(String(cString: strerror(errno)))")
        }
        return key
    }

    private func giveAway(_ file: Int32) throws(PseudonymKeyError) {
        let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) }
        var status = stat()
        guard stat(folder ?? ".", &status) == 0, fchown(file, status.st_uid, status.st_gid) == 0 else {
            throw PseudonymKeyError("\(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Creates the missing folders of the file, closed to others. A failure shows when the file is written.
    private func makeFolder() {
        for (index, byte) in path.utf8.enumerated() where byte == UInt8(ascii: "/") && index > 0 {
            mkdir(String(decoding: path.utf8.prefix(index), as: UTF8.self), 0o700)
        }
    }

    /// Destroys the key: overwrites it, then deletes the file. Copies in backups are not reached.
    ///
    /// - Returns: false if there was none.
    public func destroy() throws(PseudonymKeyError) -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return false }
            throw PseudonymKeyError("\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: 2 * PseudonymKey.length)
        guard write(file, zeros, zeros.count) == zeros.count, fsync(file) == 0, unlink(path) == 0 else {
            throw PseudonymKeyError("\(path): \(String(cString: strerror(errno)))")
        }
        return true
    }
}

/// An error in the key's file, with the way out.
public struct PseudonymKeyError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The bytes of pairs of hexadecimal digits. White space at the end is ignored; with anything else the result is empty.
private func bytes(ofDigits text: ArraySlice<UInt8>) -> [UInt8] {
    let digits = text.filter { $0 > 0x20 }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count - 1, by: 2) {
        guard let byte = UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16) else { return [] }
        bytes.append(byte)
    }
    return digits.count % 2 == 0 ? bytes : []
}
