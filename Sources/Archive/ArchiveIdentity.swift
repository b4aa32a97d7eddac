import Checksum

/// What tells one archive from another: what is in it, whatever its name and however it is packed.
public enum ArchiveIdentity {
    /// `archive:` and 32 hexadecimal digits, from the unpacked bytes.
    ///
    /// - Throws: `ArchiveError`.
    public static func of(path: String) throws(ArchiveError) -> String {
        let (source, _) = try openSource(path: path)
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        var high: UInt64 = 0
        var low: UInt64 = 1
        while true {
            var filled = 0
            // a chunk is always whole, but for the last, however the source cuts its reads
            while filled < chunk.count {
                let count = try source.read(into: &chunk, at: filled)
                if count == 0 { break }
                filled += count
            }
            chunk.withUnsafeBytes { bytes in
                let read = UnsafeRawBufferPointer(rebasing: bytes[..<filled])
                high = XXH64.hash(read, seed: high)
                low = XXH64.hash(read, seed: low)
            }
            if filled < chunk.count { break }
        }
        return "archive:" + hexadecimal(high) + hexadecimal(low)
    }

    private static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
