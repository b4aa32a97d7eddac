import Glibc
import Record
import Testing
import Wire

/// The folders of `Cases`: messages as senders and relays send them, and the records read from them.
///
/// `input` holds the bytes of one message that arrives at 2026-11-21T04:13:00Z. `expected` holds the reject reason, or
/// `accepted`, the header's time, and a line for each value of the record. A new case is a new folder.
@Suite struct CaseTests {
    @Test("cases", arguments: folders()) func example(name: String) throws {
        let message = try contents(of: "\(cases)/\(name)/input")
        let expected = String(decoding: try contents(of: "\(cases)/\(name)/expected"), as: UTF8.self)
        var reading = Reading()
        var found = ""
        switch reading.parse(message: message) {
        case .rejected(let reason): found = "rejected \(reason.rawValue)\n"
        case .accepted(let headerTime, _):
            found = "accepted\nheader time: \(headerTime.map { Calendar.text(microseconds: $0) } ?? "-")\n"
            for (key, value) in describe(reading.record).sorted(by: { $0.key < $1.key }) {
                found += "\(key): \(value)\n"
            }
        }
        #expect(found == expected)
    }

    @Test("there are cases") func areThere() { #expect(folders().count >= 12) }
}

private let file: String = #filePath
private let cases =
    file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/Cases"

private func folders() -> [String] {
    guard let directory = opendir(cases) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

private struct Unreadable: Error {
    let path: String
}

private func contents(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw Unreadable(path: path) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 70_000)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw Unreadable(path: path) }
    return Array(bytes.prefix(count))
}
