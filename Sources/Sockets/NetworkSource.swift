import Glibc

/// The origin of messages or connections whose number is limited: an IPv4 address, or a /64 of IPv6. A site gives each
/// customer or machine a whole /64 (RFC 6177), so that the addresses in one are as many as its owner likes.
public struct NetworkSource: Hashable, Sendable {
    /// The first half of an IPv6 address; for an IPv4 address the same as of `0:ffff:ADDRESS::`, which no host has. 0
    /// for what is no such address.
    public let number: UInt64

    /// - Parameter host: an address in digits; all other texts are one source.
    public init(host: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, host, &bytes) == 1 {
            number = bytes.withUnsafeBytes { NetworkSource.version4($0, 0) }
        } else if inet_pton(AF_INET6, host, &bytes) == 1 {
            number = bytes.withUnsafeBytes { NetworkSource.version6($0, 0) }
        } else {
            number = 0
        }
    }

    /// Reads a `struct sockaddr` without allocating.
    public init(address: UnsafeRawBufferPointer) {
        let family = address.count >= 2 ? Int32(address.loadUnaligned(as: sa_family_t.self)) : AF_UNSPEC
        switch family {
        case AF_INET where address.count >= MemoryLayout<sockaddr_in>.size:
            number = NetworkSource.version4(address, 4)
        case AF_INET6 where address.count >= MemoryLayout<sockaddr_in6>.size:
            number = NetworkSource.version6(address, 8)
        default: number = 0
        }
    }

    private static func version4(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    private static func version6(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        // a socket for both versions shows IPv4 addresses as ::ffff:192.0.2.7 (RFC 4291, section 2.5.5.2)
        return high == 0 && low >> 32 == 0xFFFF ? version4(bytes, offset + 12) : high
    }
}
