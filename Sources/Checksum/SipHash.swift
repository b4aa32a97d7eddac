/// SipHash (Aumasson and Bernstein, *SipHash: a fast short-input PRF*, 2012), with the 128-bit output of its reference
/// implementation.
///
/// It is a keyed hash. Without the key, no one can make two texts with one hash, or texts whose hashes lie close
/// together. All results are the same on every machine.
public enum SipHash {
    /// 16 bytes that no sender may know.
    public struct Key: Hashable, Sendable {
        public static let byteCount = 16

        let first: UInt64
        let second: UInt64

        private init(_ first: UInt64, _ second: UInt64) {
            self.first = first
            self.second = second
        }

        /// nil unless there are `byteCount` bytes.
        public init?(_ bytes: [UInt8]) {
            guard bytes.count == Key.byteCount else { return nil }
            let words = bytes.withUnsafeBytes { (SipHash.word($0, 0), SipHash.word($0, 8)) }
            self.init(words.0, words.1)
        }

        /// A key of the kernel's random numbers.
        public static func random() -> Key {
            var generator = SystemRandomNumberGenerator()
            return Key(generator.next(), generator.next())
        }

        /// A key for a family of other hashes; 0 gives this key.
        public func variant(_ number: UInt64) -> Key { Key(first, second &+ number) }

        public var bytes: [UInt8] {
            [first, second].flatMap { word in withUnsafeBytes(of: word.littleEndian) { [UInt8]($0) } }
        }
    }

    /// A hash of 128 bits.
    public struct Wide: Hashable, Sendable {
        public let high: UInt64
        public let low: UInt64

        public init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }
    }

    /// SipHash-1-3, 128 bits, for comparisons in memory whose key is of this process.
    public static func quickWide(_ bytes: UnsafeRawBufferPointer, _ key: Key) -> Wide {
        var state = State(key, isWide: true)
        state.absorb(bytes, rounds: 1)
        return state.finishWide(rounds: 3)
    }

    /// SipHash-2-4, 64 bits, for what is stored.
    public static func short(_ bytes: UnsafeRawBufferPointer, _ key: Key) -> UInt64 {
        var state = State(key, isWide: false)
        state.absorb(bytes, rounds: 2)
        state.v2 ^= 0xFF
        return state.finish(rounds: 4)
    }

    /// SipHash-2-4, 128 bits, for what is stored.
    public static func wide(_ bytes: UnsafeRawBufferPointer, _ key: Key) -> Wide {
        var state = State(key, isWide: true)
        state.absorb(bytes, rounds: 2)
        return state.finishWide(rounds: 4)
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        @inline(__always)
        init(_ key: Key, isWide: Bool) {
            v0 = key.first ^ 0x736F_6D65_7073_6575
            v1 = key.second ^ 0x646F_7261_6E64_6F6D ^ (isWide ? 0xEE : 0)
            v2 = key.first ^ 0x6C79_6765_6E65_7261
            v3 = key.second ^ 0x7465_6462_7974_6573
        }

        @inline(__always)
        mutating func absorb(_ bytes: UnsafeRawBufferPointer, rounds: Int) {
            let count = bytes.count
            var offset = 0
            while offset &+ 8 <= count {
                absorb(word(bytes, offset), rounds: rounds)
                offset &+= 8
            }
            var last = UInt64(truncatingIfNeeded: count) &<< 56
            var shift: UInt64 = 0
            while offset < count {
                last |= UInt64(bytes[offset]) &<< shift
                shift &+= 8
                offset &+= 1
            }
            absorb(last, rounds: rounds)
        }

        @inline(__always)
        private mutating func absorb(_ word: UInt64, rounds: Int) {
            v3 ^= word
            round()
            if rounds == 2 { round() }
            v0 ^= word
        }

        @inline(__always)
        mutating func finish(rounds: Int) -> UInt64 {
            round()
            round()
            round()
            if rounds == 4 { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }

        @inline(__always)
        mutating func finishWide(rounds: Int) -> Wide {
            v2 ^= 0xEE
            let high = finish(rounds: rounds)
            v1 ^= 0xDD
            return Wide(high: high, low: finish(rounds: rounds))
        }

        @inline(__always)
        private mutating func round() {
            v0 = v0 &+ v1
            v1 = turn(v1, 13) ^ v0
            v0 = turn(v0, 32)
            v2 = v2 &+ v3
            v3 = turn(v3, 16) ^ v2
            v0 = v0 &+ v3
            v3 = turn(v3, 21) ^ v0
            v2 = v2 &+ v1
            v1 = turn(v1, 17) ^ v2
            v2 = turn(v2, 32)
        }

        @inline(__always)
        private func turn(_ word: UInt64, _ bits: UInt64) -> UInt64 { (word &<< bits) | (word &>> (64 &- bits)) }
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
