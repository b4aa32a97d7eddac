import Checksum
import Testing

@Suite struct SipHash13Tests {
    /// CPython's hash of bytes is SipHash-1-3, with a key of zeros if `PYTHONHASHSEED` is 0.
    @Test(
        "it agrees with CPython's",
        arguments: [
            ("a", 0x4074_48D2_B89B_1813), ("abcdefg", 0x6DB1_2AAE_9070_F506), ("abcdefgh", 0x3F7B_849C_0B8E_35EA),
            ("The quick brown fox jumps over the lazy dog", 0x8DF6_76D3_D00C_451E),
        ] as [(String, UInt64)])
    func python(text: String, expected: UInt64) {
        let hasher = SipHash13(key: (0, 0))
        #expect(Array(text.utf8).withUnsafeBytes { hasher.hash($0) } == expected)
    }

    @Test("two words have the hash of their bytes") func words() {
        let hasher = SipHash13(key: (1, 2))
        let bytes = [3, 4].flatMap { word in withUnsafeBytes(of: (word as UInt64).littleEndian) { [UInt8]($0) } }
        #expect(bytes.withUnsafeBytes { hasher.hash($0) } == hasher.hash(3, 4))
    }

    @Test("another key gives another hash") func keys() {
        #expect(SipHash13(key: (0, 0)).hash(1, 2) != SipHash13(key: (0, 1)).hash(1, 2))
        #expect(SipHash13().hash(1, 2) != SipHash13().hash(1, 2))
    }
}
