import Checksum

/// The identity of an archive: it depends on the content, not on the file's name or compression.
///
/// It is a keyed hash, because senders have written what is in an archive: none may make one archive pass for another.
struct ArchiveIdentity {
    /// The length of all chunks but the last one, which is shorter and may be empty.
    static let chunkBytes = 1 << 20

    private let key: SipHash.Key
    /// The hashes of the chunks so far, one after the other.
    private var chunks: [UInt8] = []
    private var formerHigh: UInt64 = 0
    private var formerLow: UInt64 = 1

    /// - Parameter key: the store's.
    init(key: SipHash.Key) { self.key = key }

    /// Adds the next chunk of the unpacked bytes.
    mutating func add(_ chunk: UnsafeRawBufferPointer) {
        let hash = SipHash.quickWide(chunk, key)
        for word in [hash.high, hash.low] { withUnsafeBytes(of: word.littleEndian) { chunks.append(contentsOf: $0) } }
        formerHigh = XXH64.hash(chunk, seed: formerHigh)
        formerLow = XXH64.hash(chunk, seed: formerLow)
    }

    /// `archive:` and 32 hexadecimal digits.
    var text: String {
        let hash = chunks.withUnsafeBytes { SipHash.wide($0, key.variant(1)) }
        return "archive:" + hexadecimal(hash.high) + hexadecimal(hash.low)
    }

    /// The identity in stores of version 1.
    var formerText: String { "archive:" + hexadecimal(formerHigh) + hexadecimal(formerLow) }

    private func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
