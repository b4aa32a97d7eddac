import Checksum

/// Makes pseudonyms from names: a name always gives the same pseudonym. Without the key, no one can find the name, not
/// even by trying names.
public struct PseudonymKey: Sendable {
    /// Bytes of a key.
    public static let length = 32

    private let bytes: [UInt8]

    /// nil unless there are `length` bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == PseudonymKey.length else { return nil }
        self.bytes = bytes
    }

    /// A key that no file has.
    public static func random() -> PseudonymKey {
        PseudonymKey(bytes: (0..<length).map { _ in UInt8.random(in: .min ... .max) })
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// `user-` and 16 hexadecimal digits: 64 bits of HMAC-SHA-256.
    public func pseudonym(of name: String) -> String {
        "user-" + Array(SHA256.keyed(bytes, Array(name.utf8)).prefix(8)).hexadecimal
    }
}
