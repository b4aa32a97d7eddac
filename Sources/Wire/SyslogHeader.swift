import Record

/// The part of a syslog message before the record: finds the record and the header's time.
///
/// It understands RFC 5424 and RFC 3164, the latter also with the RFC 3339 times that relays write. The priority may be
/// missing, as it is in files, and so may the whole header. In all these forms the record begins at the first `{` after
/// the known fields, so that the host, the tag and the `@cee:` cookie need no rule of their own.
struct SyslogHeader {
    /// In microseconds since 1970 UTC; nil if the header has no time between 2000 and 2149.
    private(set) var time: Int64?
    /// The range of the JSON text in the message, without the white space and NULs that end it.
    private(set) var record: Range<Int>?
    /// The priority is malformed, or an RFC 5424 header breaks off or has broken structured data.
    private(set) var isMalformed = false

    private let message: UnsafeRawBufferPointer
    /// The end of the message, without trailing white space and NULs.
    private let end: Int
    private var position: Int

    /// Nil if the message holds only white space and NULs.
    ///
    /// - Parameters:
    ///   - arrival: the time of arrival, in microseconds since 1970 UTC.
    ///   - lastYear: the latest year for an RFC 3164 time, which has none; nil for no limit.
    init?(of message: UnsafeRawBufferPointer, arrival: Int64, lastYear: Int?) {
        var end = message.count
        while end > 0, isBlank(message[end - 1]) { end -= 1 }
        guard end > 0 else { return nil }
        self.message = message
        self.end = end
        position = 0
        skipBlanks()
        skipByteOrderMark()
        if byte != UInt8(ascii: "<") {
            readTime3164(arrival: arrival, lastYear: lastYear)
        } else if skipPriority() {
            readHeader(arrival: arrival, lastYear: lastYear)
        } else {
            isMalformed = true
        }
        leapToRecord()
    }

    /// The byte at the position; NUL at the end.
    private var byte: UInt8 { position < end ? message[position] : 0 }

    private mutating func skipBlanks() {
        while position < end, isBlank(message[position]) { position += 1 }
    }

    /// Takes the header after the priority: RFC 5424 if it says version 1, otherwise RFC 3164.
    private mutating func readHeader(arrival: Int64, lastYear: Int?) {
        if byte == UInt8(ascii: "1"), position + 1 < end, message[position + 1] == space {
            position += 2
            isMalformed = !readFields5424()
        } else {
            readTime3164(arrival: arrival, lastYear: lastYear)
        }
    }

    private mutating func skipByteOrderMark() {
        guard position + 3 <= end, message[position] == 0xEF, message[position + 1] == 0xBB,
            message[position + 2] == 0xBF
        else { return }
        position += 3
        skipBlanks()
    }

    /// Takes `<0>` to `<191>` (RFC 5424, section 6.2.1); does not move if there is none.
    private mutating func skipPriority() -> Bool {
        var next = position + 1
        var value = 0
        while next < end, next <= position + 3, let digit = decimalDigit(message[next]) {
            value = value * 10 + digit
            next += 1
        }
        guard next > position + 1, next < end, message[next] == UInt8(ascii: ">"), value <= 191 else { return false }
        position = next + 1
        skipBlanks()
        return true
    }

    /// Takes TIMESTAMP to STRUCTURED-DATA (RFC 5424, section 6). If a field is missing, the result is false, and the
    /// position is where the header breaks off.
    private mutating func readFields5424() -> Bool {
        guard let timestamp = field() else { return false }
        let isNil = timestamp.count == 1 && message[timestamp.lowerBound] == UInt8(ascii: "-")
        if !isNil { time = Timestamp.rfc3339(UnsafeRawBufferPointer(rebasing: message[timestamp])) }
        for _ in 0..<4 {
            guard field() != nil else { return false }
        }
        return skipStructuredData() && (isNil || time != nil)
    }

    /// A field and the one space after it; nil if it is empty, the last thing in the message, or the record itself.
    private mutating func field() -> Range<Int>? {
        let start = position
        guard byte != UInt8(ascii: "{") else { return nil }
        var next = start
        while next < end, message[next] != space { next += 1 }
        guard next > start, next < end else { return nil }
        position = next + 1
        return start..<next
    }

    /// Takes `-` or elements like `[id name="value"]` (RFC 5424, section 6.3); a backslash escapes a `]` or `"` in a
    /// value. Does not move if there is no structured data.
    private mutating func skipStructuredData() -> Bool {
        if byte == UInt8(ascii: "-") {
            position += 1
            return true
        }
        var next = position
        while next < end, message[next] == UInt8(ascii: "[") {
            var isQuoted = false
            next += 1
            while next < end, isQuoted || message[next] != UInt8(ascii: "]") {
                if message[next] == UInt8(ascii: "\"") {
                    isQuoted.toggle()
                } else if isQuoted, message[next] == UInt8(ascii: "\\") {
                    next += 1
                }
                next += 1
            }
            guard next < end else { return false }
            next += 1
        }
        guard next > position else { return false }
        position = next
        return true
    }

    private mutating func readTime3164(arrival: Int64, lastYear: Int?) {
        let rest = UnsafeRawBufferPointer(rebasing: message[position..<end])
        if let found = Timestamp.rfc3164(rest, arrival: arrival, lastYear: lastYear) {
            time = found.time
            position += found.count
        } else if decimalDigit(byte) != nil {
            let count = rest.firstIndex(of: space) ?? rest.count
            time = Timestamp.rfc3339(UnsafeRawBufferPointer(rebasing: rest[..<count]))
        }
    }

    private mutating func leapToRecord() {
        while position < end, message[position] != UInt8(ascii: "{") { position += 1 }
        if position < end { record = position..<end }
    }
}

private let space = UInt8(ascii: " ")

/// Whether a byte is white space, or the NUL with which some senders end a message.
@inline(__always)
private func isBlank(_ byte: UInt8) -> Bool {
    byte == space || byte == 0 || (byte >= 0x09 && byte <= 0x0D)
}
