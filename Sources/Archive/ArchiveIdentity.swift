import Checksum
import Glibc

/// What tells one archive from another: its bytes, whatever its name.
public enum ArchiveIdentity {
    /// `archive:` and 32 hexadecimal digits.
    ///
    /// - Throws: `ArchiveError.cannotOpen`.
    public static func of(path: String) throws(ArchiveError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        var high: UInt64 = 0
        var low: UInt64 = 1
        while true {
            var filled = 0
            // a chunk is always whole, but for the last, however the system cuts its reads
            while filled < chunk.count {
                let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled) }
                guard count >= 0 else { throw .cannotOpen("\(path): \(String(cString: strerror(errno)))") }
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
