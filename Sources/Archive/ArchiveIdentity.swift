import Checksum

/// The identity of an archive: it depends on the content, not on the file's name or compression.
struct ArchiveIdentity {
    /// The length of all chunks but the last one, which is shorter and may be empty.
    static let chunkBytes = 1 << 20

    private var high: UInt64 = 0
    private var low: UInt64 = 1

    /// Adds the next chunk of the unpacked bytes.
    mutating func add(_ chunk: UnsafeRawBufferPointer) {
        high = XXH64.hash(chunk, seed: high)
        low = XXH64.hash(chunk, seed: low)
    }

    /// `archive:` and 32 hexadecimal digits.
    var text: String { "archive:" + hexadecimal(high) + hexadecimal(low) }

    private func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
