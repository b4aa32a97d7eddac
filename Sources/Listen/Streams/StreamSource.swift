import Glibc
import Sockets

/// The origin of connections whose number is limited: an IPv4 address, or a /64 of IPv6. A site gives each customer or
/// machine a whole /64 (RFC 6177), so that the addresses in one are as many as its owner likes.
package struct StreamSource: Hashable, Sendable {
    private let isVersion4: Bool
    /// The address, or the first half of one.
    private let number: UInt64

    /// - Parameter host: an address in digits; all other texts are one source.
    package init(host: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        var version4: ArraySlice<UInt8>?
        if inet_pton(AF_INET, host, &bytes) == 1 {
            version4 = bytes[..<4]
        } else if inet_pton(AF_INET6, host, &bytes) != 1 {
            bytes = []
        } else if bytes[..<10].allSatisfy({ $0 == 0 }) && bytes[10] == 0xff && bytes[11] == 0xff {
            // a socket for both versions shows IPv4 addresses as ::ffff:192.0.2.7 (RFC 4291, section 2.5.5.2)
            version4 = bytes[12...]
        }
        isVersion4 = version4 != nil
        number = StreamSource.number(version4 ?? bytes.prefix(8))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
