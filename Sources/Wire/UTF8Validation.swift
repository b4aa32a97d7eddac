/// Whether `count` bytes are UTF-8 (RFC 3629, section 4): no overlong form, no surrogate, nothing above U+10FFFF.
///
/// At least three more bytes must be readable after them, and these must not be continuation bytes (80 to BF). So a
/// character that breaks off at the end is recognised.
func isUTF8(_ bytes: UnsafePointer<UInt8>, count: Int) -> Bool {
    var position = asciiPrefix(bytes, from: 0, count: count)
    while position < count {
        let first = bytes[position]
        switch first {
        case 0x00...0x7F: position = asciiPrefix(bytes, from: position, count: count)
        case 0xC2...0xDF:
            guard isContinuation(bytes[position + 1]) else { return false }
            position += 2
        case 0xE0...0xEF:
            let second = bytes[position + 1]
            guard isContinuation(second), first != 0xE0 || second >= 0xA0, first != 0xED || second <= 0x9F,
                isContinuation(bytes[position + 2])
            else { return false }
            position += 3
        case 0xF0...0xF4:
            let second = bytes[position + 1]
            guard isContinuation(second), first != 0xF0 || second >= 0x90, first != 0xF4 || second <= 0x8F,
                isContinuation(bytes[position + 2]), isContinuation(bytes[position + 3])
            else { return false }
            position += 4
        default: return false
        }
    }
    return true
}

/// The position of the first byte above 7F at or after `start`; `count` if there is none.
@inline(__always)
private func asciiPrefix(_ bytes: UnsafePointer<UInt8>, from start: Int, count: Int) -> Int {
    let highBits: UInt64 = 0x8080_8080_8080_8080
    var position = start
    while position &+ 32 <= count {
        let words = UnsafeRawPointer(bytes + position).loadUnaligned(as: SIMD4<UInt64>.self)
        guard (words[0] | words[1] | words[2] | words[3]) & highBits == 0 else { break }
        position &+= 32
    }
    while position &+ 8 <= count {
        let word = UInt64(littleEndian: UnsafeRawPointer(bytes + position).loadUnaligned(as: UInt64.self))
        let high = word & highBits
        guard high == 0 else { return position &+ high.trailingZeroBitCount >> 3 }
        position &+= 8
    }
    while position < count, bytes[position] < 0x80 { position &+= 1 }
    return position
}

@inline(__always)
private func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
