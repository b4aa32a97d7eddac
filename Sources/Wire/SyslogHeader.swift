import Record

/// What stands before the record in a syslog message: finds the record and the header's time.
///
/// Understood are RFC 5424 and RFC 3164, the latter also with the RFC 3339 times that relays write, with or without the
/// priority (files lack it), and bare records. In all these forms the record begins at the first `{` behind the fields
/// that are understood, so that the host, the tag and the `@cee:` cookie need no rule of their own.
struct SyslogHeader {
    /// In microseconds since 1970 UTC; nil if the header has no time, or none between 2000 and 2149.
    private(set) var time: Int64?
    /// Where the JSON text lies in the message, up to the white space and NULs that end it.
    private(set) var record: Range<Int>?
    /// The priority is out of its form, or an RFC 5424 header breaks off or has broken structured data.
    private(set) var isMalformed = false

    private let message: UnsafeRawBufferPointer
    /// The end of the message without what trails it.
    private let end: Int
    private var position: Int

    /// Nil if the message holds nothing but white space and NULs.
    ///
    /// - Parameters:
    ///   - arrival: when it came, in microseconds since 1970 UTC.
    ///   - lastYear: the latest year of an RFC 3164 time, which lacks it; nil without bound.
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

    /// Takes what follows the priority: RFC 5424 if that is a version 1, otherwise the other form.
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

    /// Takes `<0>` to `<191>` (RFC 5424, section 6.2.1); stays where it is if there is no such thing.
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

    /// Takes TIMESTAMP to STRUCTURED-DATA (RFC 5424, section 6); false, with the position where it broke off, if one is
    /// missing.
    private mutating func readFields5424() -> Bool {
        guard let timestamp = field() else { return false }
        let isNil = timestamp.count == 1 && message[timestamp.lowerBound] == UInt8(ascii: "-")
        if !isNil { time = Timestamp.rfc3339(UnsafeRawBufferPointer(rebasing: message[timestamp])) }
        for _ in 0..<4 {
            guard field() != nil else { return false }
        }
        return skipStructuredData() && (isNil || time != nil)
    }

    /// A field and the one space behind it; nil if it is empty, the last thing in the message, or the record itself.
    private mutating func field() -> Range<Int>? {
        let start = position
        guard byte != UInt8(ascii: "{") else { return nil }
        var next = start
        while next < end, message[next] != space { next += 1 }
        guard next > start, next < end else { return nil }
        position = next + 1
        return start..<next
    }

    /// Takes `-` or elements like `[id name="value"]` (RFC 5424, section 6.3); a `]` or `"` in a value is escaped by a
    /// backslash. Stays where it is if there is no such thing.
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

/// White space, and the NUL that some senders end a message with.
@inline(__always)
private func isBlank(_ byte: UInt8) -> Bool {
    byte == space || byte == 0 || (byte >= 0x09 && byte <= 0x0D)
}
