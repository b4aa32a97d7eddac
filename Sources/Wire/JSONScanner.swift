import Record

/// The reason why a JSON text cannot be read.
package enum JSONError: Error {
    /// The text breaks RFC 8259.
    case syntax
    /// The text nests deeper than the limit.
    case depth
}

/// Walks over a JSON text (RFC 8259) token by token and replaces the escapes of its strings in place.
///
/// The text is UTF-8, and `padding` bytes of NUL follow it. So words can be read without comparing with the end: JSON
/// has no NUL, not even within a string. Every loop here ends at the first NUL, and no read reaches more than `padding`
/// bytes beyond it.
package struct JSONScanner {
    /// The number of NUL bytes that must follow the text.
    package static let padding = 16

    /// The greatest depth to which arrays and objects may nest.
    let depthLimit: Int
    /// The next byte to be read.
    package private(set) var cursor: UnsafeMutablePointer<UInt8>
    private let base: UnsafeMutablePointer<UInt8>
    private let end: UnsafeMutablePointer<UInt8>

    @inline(__always)
    package init(_ base: UnsafeMutablePointer<UInt8>, count: Int, depthLimit: Int) {
        self.base = base
        self.depthLimit = depthLimit
        cursor = base
        end = base + count
    }

    /// The next byte; NUL at the end.
    @inline(__always)
    package var byte: UInt8 { cursor.pointee }

    @inline(__always)
    package var isAtEnd: Bool { cursor == end }

    /// The bytes of a string that has been read.
    @inline(__always)
    package func bytes(of range: TextRange) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + Int(range.start), count: Int(range.count))
    }

    /// The bytes from `start` to the cursor.
    @inline(__always)
    package func bytes(from start: UnsafeMutablePointer<UInt8>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: cursor - start)
    }

    // MARK: Structure

    @inline(__always)
    package mutating func skipWhitespace() {
        while byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { cursor += 1 }
    }

    /// Takes an opening bracket or brace; false if `close` follows it.
    ///
    /// - Parameter depth: the number of open arrays and objects, this one included.
    @inline(__always)
    package mutating func enter(close: UInt8, depth: Int) throws(JSONError) -> Bool {
        guard depth <= depthLimit else { throw .depth }
        cursor += 1
        skipWhitespace()
        guard byte == close else { return true }
        cursor += 1
        return false
    }

    /// Takes the comma or the bracket after a member or an element: true for a comma, false for `close`.
    @inline(__always)
    package mutating func next(close: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        let found = byte
        guard found == UInt8(ascii: ",") || found == close else { throw .syntax }
        cursor += 1
        guard found != close else { return false }
        skipWhitespace()
        return true
    }

    /// Takes the colon between a name and its value.
    @inline(__always)
    package mutating func colon() throws(JSONError) {
        skipWhitespace()
        guard byte == UInt8(ascii: ":") else { throw .syntax }
        cursor += 1
        skipWhitespace()
    }

    // MARK: Scalars

    /// Takes a string and gives the range of its unescaped text.
    @inline(__always)
    package mutating func string() throws(JSONError) -> TextRange {
        guard byte == UInt8(ascii: "\"") else { throw .syntax }
        let start = cursor + 1
        var stop = start
        while true {
            let marks = stringMarks(loadWord(stop))
            if marks != 0 {
                stop += marks.trailingZeroBitCount >> 3
                break
            }
            stop += 8
        }
        if stop.pointee != UInt8(ascii: "\"") {
            let text = try unescapeString(from: stop)
            cursor = text.next
            return range(start, text.end)
        }
        cursor = stop + 1
        return range(start, stop)
    }

    /// Takes the name of a member and finds its key.
    @inline(__always)
    mutating func key(_ keys: KeyTable) throws(JSONError) -> RecordKey {
        guard byte == UInt8(ascii: "\"") else { throw .syntax }
        let start = cursor + 1
        let first = loadWord(start)
        var marks = stringMarks(first)
        if marks != 0 {
            let stop = start + marks.trailingZeroBitCount >> 3
            if stop.pointee == UInt8(ascii: "\"") {
                cursor = stop + 1
                return keys.find(first & bytesBelow(marks), 0)
            }
        } else {
            let second = loadWord(start + 8)
            marks = stringMarks(second)
            if marks != 0 {
                let stop = start + 8 + marks.trailingZeroBitCount >> 3
                if stop.pointee == UInt8(ascii: "\"") {
                    cursor = stop + 1
                    return keys.find(first, second & bytesBelow(marks))
                }
            }
        }
        let name = try string()
        return keys.find(bytes(of: name))
    }

    /// Takes `true`, `false` or `null` if it comes next.
    @inline(__always)
    package mutating func literal(_ literal: JSONLiteral) -> Bool {
        let found = UInt32(truncatingIfNeeded: loadWord(cursor + literal.skipped))
        guard byte == literal.first, found == literal.word else { return false }
        cursor += literal.skipped + 4
        return true
    }

    /// Takes a number of any form and gives its value if it is an integer.
    @inline(__always)
    package mutating func number() throws(JSONError) -> JSONNumber {
        let isNegative = byte == UInt8(ascii: "-")
        if isNegative { cursor += 1 }
        guard let first = decimalDigit(byte) else { throw .syntax }
        let start = cursor
        var value = Int64(first)
        cursor += 1
        // No digit may follow a leading zero. A digit there is neither the comma nor the bracket that must follow every
        // value, so the next step refuses it.
        if first != 0 {
            while let digit = decimalDigit(byte) {
                value = value &* 10 &+ Int64(digit)
                cursor += 1
            }
        }
        if byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") {
            try skipFractionAndExponent()
            return .fraction
        }
        guard cursor - start <= 18 else { return .hugeInteger }
        return .integer(isNegative ? -value : value)
    }

    private mutating func skipFractionAndExponent() throws(JSONError) {
        if byte == UInt8(ascii: ".") {
            cursor += 1
            try skipDigits()
        }
        if byte | 0x20 == UInt8(ascii: "e") {
            cursor += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { cursor += 1 }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(JSONError) {
        guard decimalDigit(byte) != nil else { throw .syntax }
        while decimalDigit(byte) != nil { cursor += 1 }
    }

    // MARK: Values of no interest

    /// Takes any value.
    ///
    /// - Parameter depth: the number of open arrays and objects around it.
    package mutating func skipValue(depth: Int) throws(JSONError) {
        var open = NestingStack()
        while true {
            var isObject = byte == UInt8(ascii: "{")
            if isObject || byte == UInt8(ascii: "[") {
                if try enter(close: isObject ? closingBrace : closingBracket, depth: depth + open.count + 1) {
                    open.push(isObject: isObject)
                    if isObject { try skipName() }
                    continue
                }
            } else {
                try skipScalar()
            }
            while true {
                guard open.count > 0 else { return }
                isObject = open.topIsObject
                if try next(close: isObject ? closingBrace : closingBracket) { break }
                open.pop()
            }
            if isObject { try skipName() }
        }
    }

    private mutating func skipName() throws(JSONError) {
        _ = try string()
        try colon()
    }

    private mutating func skipScalar() throws(JSONError) {
        switch byte {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try number()
        default: guard literal(.null) || literal(.true) || literal(.false) else { throw .syntax }
        }
    }

    @inline(__always)
    private func range(_ start: UnsafeMutablePointer<UInt8>, _ stop: UnsafeMutablePointer<UInt8>) -> TextRange {
        TextRange(start: Int32(truncatingIfNeeded: start - base), count: Int32(truncatingIfNeeded: stop - start))
    }
}

/// A number in the forms that a record can use.
package enum JSONNumber {
    case integer(Int64)
    /// An integer with more digits than a record may hold.
    case hugeInteger
    /// A number with a fraction or an exponent.
    case fraction
}

/// The three words of JSON, compared four bytes at a time.
package struct JSONLiteral {
    package static let null = JSONLiteral(first: UInt8(ascii: "n"), skipped: 0, word: 0x6C6C_756E)
    package static let `true` = JSONLiteral(first: UInt8(ascii: "t"), skipped: 0, word: 0x6575_7274)
    /// `alse`, the letters after the first.
    package static let `false` = JSONLiteral(first: UInt8(ascii: "f"), skipped: 1, word: 0x6573_6C61)

    let first: UInt8
    let skipped: Int
    /// The four bytes after the skipped ones, the first of them in the lowest byte.
    let word: UInt32
}

/// The kinds of the open brackets, one bit each: object or array.
struct NestingStack {
    static let capacity = 512

    private(set) var count = 0
    private var bits = InlineArray<8, UInt64>(repeating: 0)

    var topIsObject: Bool { bits[(count - 1) >> 6] >> UInt64((count - 1) & 63) & 1 == 1 }

    /// The caller makes sure that at most `capacity` are pushed.
    mutating func push(isObject: Bool) {
        let bit: UInt64 = 1 << UInt64(count & 63)
        if isObject { bits[count >> 6] |= bit } else { bits[count >> 6] &= ~bit }
        count += 1
    }

    mutating func pop() { count -= 1 }
}

package let closingBrace = UInt8(ascii: "}")
package let closingBracket = UInt8(ascii: "]")

@inline(__always)
private func loadWord(_ bytes: UnsafeMutablePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
}

/// Has bit 7 set in the lowest byte of `word` that is a quote, a backslash or a control character, and no bit below it;
/// zero if there is none.
///
/// Bits above that byte may be set without meaning, because the borrow of the subtractions runs on (Hacker's Delight,
/// section 6-1).
@inline(__always)
private func stringMarks(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
    let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
    let below = (word &- ones &* 0x20) | (quotes &- ones) | (backslashes &- ones)
    return below & ~word & (ones &* 0x80)
}

/// A mask of the bytes below the lowest one marked by `stringMarks`.
@inline(__always)
private func bytesBelow(_ marks: UInt64) -> UInt64 {
    ((marks & (0 &- marks)) &- 1) >> 7
}
