import Glibc
import JSON
import Query

extension MailAddresses {
    /// Largest directory of addresses.
    private static let mostBytes = 64 << 20

    /// - Parameter text: a template with `{user}`, or the path of a directory file.
    /// - Throws: `Failure` with 66 if the file cannot be read, or is no directory.
    init(option text: String) throws {
        if text.contains(MailAddresses.mark) {
            self.init(template: text)
            return
        }
        let lines = try MailAddresses.contents(of: text)
        do throws(Malformed) { try self.init(lines: lines) } catch {
            throw Failure(.noInput, "--emails \(printable(text)), \(error)")
        }
    }

    private static func contents(of path: String) throws -> String {
        guard let file = fopen(path, "re") else { throw unreadable(path, errno) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= mostBytes {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        if ferror(file) != 0 { throw unreadable(path, errno) }
        if bytes.count > mostBytes { throw unreadable(path, EFBIG) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unreadable(_ path: String, _ reason: Int32) -> Failure {
        Failure(
            .noInput,
            "--emails \(printable(path)): \(String(cString: strerror(reason))); give a file with lines of "
                + "USER,ADDRESS, or a template such as {user}@example.org")
    }
}
