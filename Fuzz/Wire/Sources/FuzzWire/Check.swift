import Record
import Wire

// libFuzzer calls on one thread.
nonisolated(unsafe) private var parser = MessageParser()
nonisolated(unsafe) private var record = UsageRecord()

/// Reads a message and checks the answer against the parser's promises.
func check(_ message: UnsafeRawBufferPointer) {
    let first = parser.parse(message: message, arrival: 1_795_234_380_000_000, into: &record)
    guard case .accepted(_, let json) = first else { return }
    for range in ranges() where range.isPresent {
        let isText = record.withBytes(of: range) { bytes in
            !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
        }
        precondition(isText, "a text that is not UTF-8 without NUL")
    }
    let id = record.id
    let packages = record.packages
    // The journal keeps these bytes alone, in a place of their own.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: json.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: message[json]))
    precondition(parser.parse(record: UnsafeRawBufferPointer(copy), into: &record) == nil, "not read again")
    precondition(record.id == id && record.packages == packages, "read in another way")
}

private func ranges() -> [TextRange] {
    var ranges = TextField.allCases.map { record[$0] } + record.direct
    for package in record.packages { ranges += [package.name, package.version] }
    if let canary = record.canary { ranges.append(canary.run) }
    return ranges
}
