import Record

/// Values of members that are neither arrays nor objects.
///
/// Each function takes the value whatever its type. Null has the effect of a missing member; a value of the wrong type
/// is noted as a fault.
extension RecordReader {
    @inline(__always)
    mutating func text(_ key: RecordKey, depth: Int = 1) throws(JSONError) -> TextRange {
        guard scanner.byte == UInt8(ascii: "\"") else {
            try skipOther(key, depth: depth)
            return .absent
        }
        return try scanner.string()
    }

    @inline(__always)
    mutating func integer(
        _ key: RecordKey, in range: ClosedRange<Int64>, depth: Int = 1
    ) throws(JSONError) -> Int64? {
        guard isAtNumber else {
            try skipOther(key, depth: depth)
            return nil
        }
        switch try scanner.number() {
        case .integer(let value):
            if range.contains(value) { return value }
            faults.note(key, .badValue)
        case .hugeInteger: faults.note(key, .badValue)
        case .fraction: faults.note(key, .wrongType)
        }
        return nil
    }

    mutating func boolean(_ key: RecordKey) throws(JSONError) -> Bool? {
        if scanner.literal(.true) { return true }
        if scanner.literal(.false) { return false }
        try skipOther(key)
        return nil
    }

    /// Takes a number of seconds: not negative, and finite as a double.
    mutating func seconds(_ key: RecordKey) throws(JSONError) -> Double? {
        guard isAtNumber else {
            try skipOther(key)
            return nil
        }
        let start = scanner.cursor
        _ = try scanner.number()
        let value = decimalNumber(scanner.bytes(from: start))
        guard value.isFinite, value >= 0 else {
            faults.note(key, .badValue)
            return nil
        }
        return value
    }

    mutating func time(_ key: RecordKey) throws(JSONError) -> Int64? {
        let text = try text(key)
        guard text.isPresent else { return nil }
        let time = Timestamp.rfc3339(scanner.bytes(of: text))
        if time == nil { faults.note(key, .badTimestamp) }
        return time
    }

    mutating func processEnd(_ key: RecordKey) throws(JSONError) -> ProcessEnd? {
        let text = try text(key)
        guard text.isPresent else { return nil }
        if isText(text, "exit") { return .exit }
        if isText(text, "exception") { return .exception }
        if isText(text, "signal") { return .signal }
        if isText(text, "killed") { return .killed }
        if isText(text, "running") { return .running }
        faults.note(key, .badValue)
        return nil
    }

    mutating func readVersion() throws(JSONError) {
        guard isAtNumber else { return try skipOther(.version) }
        switch try scanner.number() {
        case .integer(1): break
        case .integer, .hugeInteger: faults.note(.version, .unknownVersion)
        case .fraction: faults.note(.version, .wrongType)
        }
    }

    mutating func readID(into record: inout UsageRecord) throws(JSONError) {
        let text = try text(.id)
        guard text.isPresent else { return }
        let digits = scanner.bytes(of: text)
        guard digits.count == 32, let high = hexadecimal(digits, at: 0), let low = hexadecimal(digits, at: 16) else {
            return faults.note(.id, .badValue)
        }
        record.id = RecordID(high: high, low: low)
    }

    @inline(__always)
    var isAtNumber: Bool { scanner.byte == UInt8(ascii: "-") || decimalDigit(scanner.byte) != nil }

    /// Takes a value of a type that its key does not have.
    mutating func skipOther(_ key: RecordKey, depth: Int = 1) throws(JSONError) {
        if scanner.literal(.null) { return given.remove(key) }
        try scanner.skipValue(depth: depth)
        faults.note(key, .wrongType)
    }

    func isText(_ range: TextRange, _ text: StaticString) -> Bool {
        guard Int(range.count) == text.utf8CodeUnitCount else { return false }
        let bytes = scanner.bytes(of: range)
        for index in 0..<text.utf8CodeUnitCount where bytes[index] != text.utf8Start[index] { return false }
        return true
    }
}

/// The value of 16 hexadecimal digits; nil if one is not a hexadecimal digit.
private func hexadecimal(_ digits: UnsafeRawBufferPointer, at start: Int) -> UInt64? {
    guard let high = hexadecimalWord(digits, at: start), let low = hexadecimalWord(digits, at: start + 8) else {
        return nil
    }
    return UInt64(high) << 32 | UInt64(low)
}

/// The value of eight hexadecimal digits, one in each byte of a word.
///
/// All sums stay within their bytes, because each byte is below 80 and at most 50 is added to it.
private func hexadecimalWord(_ digits: UnsafeRawBufferPointer, at start: Int) -> UInt32? {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highBits = ones &* 0x80
    let word = UInt64(littleEndian: digits.loadUnaligned(fromByteOffset: start, as: UInt64.self))
    guard word & highBits == 0 else { return nil }
    let lower = word | (ones &* 0x20)
    let isDigit = (word &+ ones &* (0x80 - 0x30)) & ~(word &+ ones &* (0x80 - 0x3A))
    let isLetter = (lower &+ ones &* (0x80 - 0x61)) & ~(lower &+ ones &* (0x80 - 0x67))
    guard (isDigit | isLetter) & highBits == highBits else { return nil }

    var value = (word & (ones &* 0x0F)) &+ ((word >> 6) & ones) &* 9
    value = (value << 4 | value >> 8) & 0x00FF_00FF_00FF_00FF
    value = (value | value >> 8) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: value | value >> 16).byteSwapped
}
