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
        do throws(FileContents.Unreadable) {
            return String(decoding: try FileContents.read(path, most: mostBytes), as: UTF8.self)
        } catch {
            throw Failure(
                .noInput,
                "--emails \(printable(path)): \(error.reason); give a file with lines of "
                    + "USER,ADDRESS, or a template such as {user}@example.org")
        }
    }
}
