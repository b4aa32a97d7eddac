import Checksum

/// The key by which a store's canaries prove that they are its own. Without it no sender can make up a batch, or make a
/// batch look whole.
///
/// A canary's record names its run as `BATCH.CODE`. The code is the first half of HMAC-SHA-256 over the batch, the
/// process's number and the number of processes, in hexadecimal digits (RFC 2104, section 5 on the half). The hook
/// passes the name through.
public struct CanaryKey: Sendable, Equatable {
    public static let byteCount = 32
    public let bytes: [UInt8]

    /// Nil if there are not `byteCount` bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == CanaryKey.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(random bytes: [UInt8]) { self.bytes = bytes }

    public static func random() -> CanaryKey {
        CanaryKey(random: (0..<byteCount).map { _ in .random(in: .min ... .max) })
    }

    /// The name of the run in the record of one process.
    public func runName(of batch: String, sequence: Int64, of expected: Int64) -> String {
        batch + "." + code(batch, sequence, expected)
    }

    /// The batch that a record's run names; nil unless it was named under this key, for this process.
    public func batch(ofRun name: String, sequence: Int64, of expected: Int64) -> String? {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        let claimed = name.utf8[name.utf8.index(after: dot)...]
        // without a look at the key: most texts end here
        guard claimed.count == CanaryKey.codeBytes * 2 else { return nil }
        let batch = String(decoding: name.utf8[..<dot], as: UTF8.self)
        // every digit is compared, so that the time does not tell how many are right
        let difference = zip(claimed, code(batch, sequence, expected).utf8).reduce(0) { $0 | ($1.0 ^ $1.1) }
        return difference == 0 ? batch : nil
    }

    private static let codeBytes = 16
    private static let digits = Array("0123456789abcdef".utf8)

    private func code(_ batch: String, _ sequence: Int64, _ expected: Int64) -> String {
        // a batch's name may have colons; two numbers at the end cannot be read in two ways
        let mac = SHA256.keyed(bytes, Array("canary:\(batch):\(sequence):\(expected)".utf8))
        let text = mac.prefix(CanaryKey.codeBytes).flatMap { byte in
            [CanaryKey.digits[Int(byte >> 4)], CanaryKey.digits[Int(byte & 15)]]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
