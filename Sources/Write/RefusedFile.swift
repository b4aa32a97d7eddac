import Glibc
import Merge
import Record

/// A file for records that even the store's quarantine refuses, a line for each.
///
/// A line is a syslog message (RFC 5424). Its structured data give the reason, the sender, and the journal and number
/// of the entry, so `customs import` can read the file as it is. Lines are in the journal's order. After a restart
/// between a line and the store's commit, the last line has the entry's number, so it is not written again.
public final class RefusedFile {
    let path: String
    private let journal: String
    /// A longer file helps no administrator and fills the journal's disk, bytes.
    private static let maximumBytes = 64 << 20

    public init(_ path: String, journal: String) {
        self.path = path
        self.journal = journal
    }

    /// Writes the records and makes them survive a power failure.
    func keep(_ records: [QuarantinedRecord]) throws(RefusedFileError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("stat") }
        let size = Int(status.st_size)
        let (last, isTorn) = try ending(descriptor, size: size)
        var bytes: [UInt8] = isTorn ? [UInt8(ascii: "\n")] : []
        for record in records {
            guard case .entry(let sequence, let entry) = record.content else {
                throw RefusedFileError("\(path): parts of a record are in the store and cannot be written to a file")
            }
            if let last, sequence <= last { continue }
            bytes += line(entry, sequence, record)
        }
        guard size + bytes.count <= RefusedFile.maximumBytes else {
            throw RefusedFileError("\(path) has reached \(RefusedFile.maximumBytes) bytes; move it away")
        }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
            if count < 0 {
                if errno == EINTR { continue }
                let error = failure("write")
                _ = ftruncate(descriptor, off_t(size))
                throw error
            }
            done += count
        }
        guard fdatasync(descriptor) == 0 else { throw failure("fdatasync") }
    }

    private func line(_ entry: [UInt8], _ sequence: UInt64, _ record: QuarantinedRecord) -> [UInt8] {
        entry.withUnsafeBytes { raw in
            guard case .message(let envelope, let json)? = Entry.read(raw) else { return [] }
            var sender = envelope.identity.name
            if let uid = envelope.uid { sender += " uid=\(uid)" }
            let head =
                "<134>1 \(Calendar.text(microseconds: envelope.arrival)) - customs - refused "
                + "[refused@32473 \(mark)\(sequence)\" noticed=\"\(Calendar.text(microseconds: record.noticed))\" "
                + "sender=\"\(sender)\" reason=\"\(RefusedFile.quoted(record.reason))\"] "
            // in JSON, a line break is white space
            return Array(head.utf8) + json.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 } + [0x0A]
        }
    }

    private var mark: String { "journal=\"\(journal)\" entry=\"" }

    /// The entry of the last whole line, if it is of this journal, and whether an incomplete line follows it.
    private func ending(_ descriptor: Int32, size: Int) throws(RefusedFileError) -> (entry: UInt64?, isTorn: Bool) {
        var tail = [UInt8](repeating: 0, count: min(size, 32_768))
        let count = pread(descriptor, &tail, tail.count, off_t(size - tail.count))
        guard count == tail.count else { throw failure("read") }
        guard let end = tail.lastIndex(of: 0x0A) else { return (nil, size > 0) }
        let start = tail[..<end].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let words = String(decoding: tail[start..<end], as: UTF8.self).split(separator: " ")
        guard let place = words.firstIndex(of: "journal=\"\(journal)\""), place + 1 < words.count else {
            return (nil, end + 1 < tail.count)
        }
        let digits = words[place + 1].drop { !$0.isNumber }.prefix { $0.isNumber }
        return (UInt64(digits), end + 1 < tail.count)
    }

    /// The text as a value of structured data (RFC 5424, section 6.3.3), in one line.
    private static func quoted(_ text: String) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars.prefix(1_000) {
            if scalar.value < 0x20 { quoted += " "; continue }
            if scalar == "\"" || scalar == "\\" || scalar == "]" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted
    }

    private func failure(_ call: String) -> RefusedFileError {
        RefusedFileError("\(call) \(path): \(String(cString: strerror(errno)))")
    }
}

struct RefusedFileError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
