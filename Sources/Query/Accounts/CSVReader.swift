/// Reads comma-separated values (RFC 4180) in UTF-8, whose lines end with LF, CR LF or CR. It skips empty lines, lines
/// after `#`, and blanks around values without quotes.
struct CSVReader {
    /// Why the text cannot be read.
    struct Malformed: Error, Equatable {
        /// The first line is 1.
        let line: Int
        let reason: String
    }

    /// The longest value, bytes.
    private static let longestValue = 4_096

    private let bytes: [UInt8]
    private var place: Int
    private var current = 1
    /// The line in which the last record begins.
    private(set) var line = 1

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// The values of the next record; nil after the last one.
    mutating func next() throws(Malformed) -> [String]? {
        while place < bytes.count {
            line = current
            if bytes[place] == UInt8(ascii: "#") {
                while !isAtLineEnd { place += 1 }
                endLine()
                continue
            }
            skipBlanks()
            if isAtLineEnd {
                endLine()
                continue
            }
            return try record()
        }
        return nil
    }

    private mutating func record() throws(Malformed) -> [String] {
        var values: [String] = []
        while true {
            skipBlanks()
            let isQuoted = place < bytes.count && bytes[place] == UInt8(ascii: "\"")
            values.append(isQuoted ? try quotedValue() : try plainValue())
            if isAtLineEnd {
                endLine()
                return values
            }
            // the comma
            place += 1
        }
    }

    private mutating func plainValue() throws(Malformed) -> String {
        let start = place
        while !isAtLineEnd, bytes[place] != UInt8(ascii: ",") {
            if bytes[place] == UInt8(ascii: "\"") {
                throw malformed("a quote within a value: put the whole value in quotes, and double the quote")
            }
            place += 1
        }
        var end = place
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        return try text(bytes[start..<end])
    }

    private mutating func quotedValue() throws(Malformed) -> String {
        var value: [UInt8] = []
        place += 1
        while true {
            guard place < bytes.count else { throw malformed("a quote that is never closed") }
            let byte = bytes[place]
            place += 1
            if byte != UInt8(ascii: "\"") {
                if byte == UInt8(ascii: "\n") { current += 1 }
                value.append(byte)
            } else if place < bytes.count, bytes[place] == UInt8(ascii: "\"") {
                value.append(byte)
                place += 1
            } else {
                break
            }
        }
        skipBlanks()
        guard isAtLineEnd || bytes[place] == UInt8(ascii: ",") else { throw malformed("text behind a closing quote") }
        return try text(value[...])
    }

    private func text(_ value: ArraySlice<UInt8>) throws(Malformed) -> String {
        if value.count > CSVReader.longestValue {
            throw malformed("a value of more than \(CSVReader.longestValue) bytes")
        }
        guard let text = String(validating: value, as: UTF8.self) else { throw malformed("the text is not UTF-8") }
        return text
    }

    private var isAtLineEnd: Bool {
        place >= bytes.count || bytes[place] == UInt8(ascii: "\n") || bytes[place] == UInt8(ascii: "\r")
    }

    private mutating func endLine() {
        if place < bytes.count, bytes[place] == UInt8(ascii: "\r") { place += 1 }
        if place < bytes.count, bytes[place] == UInt8(ascii: "\n") { place += 1 }
        current += 1
    }

    private mutating func skipBlanks() { while place < bytes.count, isBlank(bytes[place]) { place += 1 } }

    private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private func malformed(_ reason: String) -> Malformed { Malformed(line: line, reason: reason) }
}
