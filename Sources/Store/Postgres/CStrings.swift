/// libpq ends its messages with a line feed, and puts some on several lines.
func oneLine(_ text: String) -> String {
    String(text.map { $0 == "\n" ? " " : $0 }).trimmed
}

/// Calls `body` with an array of C strings, and a nil after the last.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    withOptionalCStrings(strings.map { Optional($0) }, body)
}

/// Calls `body` with an array of C strings, nil for nil, and a nil after the last.
func withOptionalCStrings<Result>(
    _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    var storage: [CChar] = []
    var offsets: [Int?] = []
    for string in strings {
        guard let string else {
            offsets.append(nil)
            continue
        }
        offsets.append(storage.count)
        storage.append(contentsOf: string.utf8.map { CChar(bitPattern: $0) })
        storage.append(0)
    }
    return storage.withUnsafeBufferPointer { bytes in
        var pointers = offsets.map { offset in offset.flatMap { bytes.baseAddress?.advanced(by: $0) } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { list in
            guard let start = list.baseAddress else { preconditionFailure("an array of one element has an address") }
            return body(start)
        }
    }
}
