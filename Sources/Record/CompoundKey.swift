/// Several texts as one sequence of bytes that no other texts produce: each text is its length (u16, little-endian;
/// 0xFFFF for an absent one) and its bytes.
public struct CompoundKey: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() { bytes.reserveCapacity(8_192) }

    public mutating func reset() { bytes.removeAll(keepingCapacity: true) }

    public mutating func append(_ text: UnsafeRawBufferPointer) {
        let count = UInt16(clamping: min(text.count, 0xFFFE))
        bytes.append(UInt8(truncatingIfNeeded: count))
        bytes.append(UInt8(truncatingIfNeeded: count >> 8))
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: text.prefix(Int(count))))
    }

    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends the decimal digits of a number, which is not negative.
    public mutating func append(number: Int64) {
        guard number > 9 else {
            // most numbers have one digit, and making a string takes longer
            bytes.append(1)
            bytes.append(0)
            return bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: max(number, 0)))
        }
        append(String(number))
    }

    /// Appends each of the texts.
    public mutating func append(_ texts: [String?]) {
        for text in texts { if let text { append(text) } else { appendAbsent() } }
    }

    public mutating func appendAbsent() {
        bytes.append(0xFF)
        bytes.append(0xFF)
    }

    /// The texts of a key, nil for an absent one.
    public static func texts(of key: UnsafeRawBufferPointer) -> [String?] {
        var texts: [String?] = []
        var offset = 0
        while offset + 2 <= key.count {
            let count = Int(key[offset]) | Int(key[offset + 1]) << 8
            offset += 2
            if count == 0xFFFF {
                texts.append(nil)
            } else {
                texts.append(String(decoding: key[offset..<min(offset + count, key.count)], as: UTF8.self))
                offset += count
            }
        }
        return texts
    }

    /// Calls `body` with the bytes of the text at `place`; they are empty if it is absent.
    public static func withText<Result>(
        _ place: Int, of key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        var offset = 0
        var left = place
        while offset + 2 <= key.count {
            let length = Int(key[offset]) | Int(key[offset + 1]) << 8
            let count = length == 0xFFFF ? 0 : min(length, key.count - offset - 2)
            offset += 2
            if left == 0 { return body(UnsafeRawBufferPointer(rebasing: key[offset..<offset + count])) }
            offset += count
            left -= 1
        }
        return body(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The first text of a key; empty if it is absent.
    public static func firstText(of key: UnsafeRawBufferPointer) -> String {
        withText(0, of: key) { String(decoding: $0, as: UTF8.self) }
    }
}
