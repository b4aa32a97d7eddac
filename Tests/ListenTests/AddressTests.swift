import Glibc
import Listen
import Sockets
import Testing

@Suite struct AddressTests {
    @Test(
        "addresses are read, and written as they are read",
        arguments: [
            ("udp://127.0.0.1:5140", .udp(host: "127.0.0.1", port: 5_140), "udp://127.0.0.1:5140"),
            ("udp://localhost:0", .udp(host: "localhost", port: 0), "udp://localhost:0"),
            ("udp://:65535", .udp(host: "0.0.0.0", port: 65_535), "udp://0.0.0.0:65535"),
            ("udp://[::1]:5140", .udp(host: "::1", port: 5_140), "udp://[::1]:5140"),
            ("tcp://127.0.0.1:6514", .tcp(host: "127.0.0.1", port: 6_514), "tcp://127.0.0.1:6514"),
            ("tls://[::]:6514", .tls(host: "::", port: 6_514), "tls://[::]:6514"),
            ("udp://[fe80::1%eth0]:1", .udp(host: "fe80::1%eth0", port: 1), "udp://[fe80::1%eth0]:1"),
            ("unixgram:///run/customs.sock", .unixDatagram(path: "/run/customs.sock"), "unixgram:///run/customs.sock"),
            (
                "unixgram:///" + String(repeating: "x", count: 106),
                .unixDatagram(path: "/" + String(repeating: "x", count: 106)),
                "unixgram:///" + String(repeating: "x", count: 106)
            ),
        ] as [(String, ListenAddress, String)])
    func good(text: String, address: ListenAddress, description: String) throws {
        let read = try ListenAddress(text)
        #expect(read == address)
        #expect(read.description == description)
        #expect(try ListenAddress(description) == address)
    }

    @Test(
        "what is no address is refused, and named",
        arguments: [
            "", "127.0.0.1:5140", "udp:127.0.0.1:5140", "udp://", "udp://127.0.0.1", "udp://127.0.0.1:",
            "udp://127.0.0.1:x",
            "udp://127.0.0.1:65536", "udp://127.0.0.1:-1", "udp://127.0.0.1:+5", "udp://127.0.0.1:5140/",
            "udp://::1:5140",
            "udp://[::1]", "udp://[::1:5140", "udp://::1]:5140", "unixgram://relative", "unixgram://", "unixgram:///",
            "unixgram:/run/x", "unixgram:///" + String(repeating: "x", count: 107),
            "unixgram:///" + String(repeating: "é", count: 60), "tcp://127.0.0.1", "tls://::1:1", "tcp://127.0.0.1:+1",
            "http://127.0.0.1:1", "UDP://127.0.0.1:1",
        ])
    func bad(text: String) {
        let error = #expect(throws: ListenError.self) { try ListenAddress(text) }
        guard case .badAddress(let why)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(why.contains("'\(text)'"))
    }
}

@Suite struct SocketAddressTests {
    private func address(_ bytes: [UInt8]) -> SocketAddress? { bytes.withUnsafeBytes { SocketAddress(bytes: $0) } }

    private func family(_ number: Int32) -> [UInt8] { [UInt8(number & 0xFF), UInt8(number >> 8)] }

    @Test("IPv4") func version4() {
        let found = address(family(AF_INET) + [0x14, 0x14, 192, 168, 0, 1] + [UInt8](repeating: 0, count: 8))
        #expect(found == .internet(host: "192.168.0.1", port: 5_140))
        #expect(found?.description == "192.168.0.1:5140")
    }

    @Test("IPv6") func version6() {
        let loopback = [UInt8](repeating: 0, count: 15) + [1]
        let found = address(family(AF_INET6) + [0, 80, 0, 0, 0, 0] + loopback + [0, 0, 0, 0])
        #expect(found == .internet(host: "::1", port: 80))
        #expect(found?.description == "[::1]:80")
    }

    @Test("unix sockets, bound and not") func unix() {
        #expect(address(family(AF_UNIX) + Array("/run/x".utf8) + [0, 7, 7]) == .unix(path: "/run/x"))
        #expect(address(family(AF_UNIX))?.description == "unix socket")
        #expect(address([]) == .unix(path: ""), "a sender that is bound to nothing has no address")
    }

    @Test("what is too short or of another family is none") func none() {
        #expect(address([2]) == nil)
        #expect(address(family(AF_INET) + [0, 80, 1, 2, 3]) == nil)
        #expect(address(family(AF_INET6) + [UInt8](repeating: 0, count: 20)) == nil)
        #expect(address(family(AF_NETLINK) + [UInt8](repeating: 0, count: 20)) == nil)
    }

    @Test("a source is the same in a socket's address and in words") func sources() {
        for host in ["192.0.2.7", "127.0.0.1", "255.255.255.255"] {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            #expect(inet_pton(AF_INET, host, &address.sin_addr) == 1)
            let read = withUnsafeBytes(of: address) { NetworkSource(address: $0) }
            #expect(read == NetworkSource(host: host) && read == NetworkSource(host: "::ffff:\(host)"))
        }
        for host in ["2001:db8:0:1::1", "::1", "fe80::1", "::ffff:192.0.2.7", "0:ffff:c000:207::1"] {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            #expect(inet_pton(AF_INET6, host, &address.sin6_addr) == 1)
            #expect(withUnsafeBytes(of: address) { NetworkSource(address: $0) } == NetworkSource(host: host))
        }
        for bytes in [[], [2], [2, 0, 0, 0, 1, 2, 3, 4], [1, 0, 47]] as [[UInt8]] {
            #expect(bytes.withUnsafeBytes { NetworkSource(address: $0) }.number == 0)
        }
    }
}
