import Listen
import Sockets
import Testing

@Suite struct StreamServerTests {
    @Test("messages come whole, and the last one need not have its end") func messages() throws {
        let reception = try StreamReception()
        var client: StreamClient? = try StreamClient(to: reception.tcp)
        #expect(client?.send("5 first") == true && client?.send("second\nthi") == true && client?.send("rd") == true)
        #expect(eventually { reception.told.messages == ["first", "second"] })
        client = nil
        #expect(eventually { reception.told.messages == ["first", "second", "third"] })
        #expect(eventually { reception.told.connections == 0 })
        #expect(reception.stop())
    }

    @Test(
        "what is no handshake is refused, with a reason, and the connection ends",
        arguments: [
            "<134>1 - - customs - - - {}\n", "GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}nonsense",
        ]) func noHandshake(_ text: String) throws
    {
        let reception = try StreamReception()
        let client = try StreamClient(to: reception.tls)
        #expect(client.send(text))
        #expect(client.isEnded())
        #expect(eventually { reception.told.connections == 0 })
        #expect(reception.told.refusals == [.handshakeFailed])
        #expect(reception.told.reasons.allSatisfy { !$0.isEmpty })
        #expect(reception.told.messages.isEmpty)
        #expect(reception.stop())
    }

    @Test("a handshake that breaks off is refused") func brokenOff() throws {
        let reception = try StreamReception()
        var client: StreamClient? = try StreamClient(to: reception.tls)
        // the head of a handshake record (RFC 8446, section 5.1)
        #expect(client?.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]) == true)
        client = nil
        #expect(eventually { reception.told.refusals == [.handshakeFailed] })
        #expect(reception.told.reasons == ["unexpected eof while reading"])
        #expect(reception.stop())
    }

    @Test("a handshake that does not come ends the connection, one over TCP goes on") func silent() throws {
        var limits = StreamLimits.generous
        limits.handshakeSeconds = 1
        let reception = try StreamReception(limits)
        let plain = try StreamClient(to: reception.tcp)
        let client = try StreamClient(to: reception.tls)
        #expect(client.isEnded())
        #expect(reception.told.refusals == [.handshakeTimeout])
        #expect(plain.send("still here\n"))
        #expect(eventually { reception.told.messages == ["still here"] })
        #expect(reception.stop())
    }

    @Test("handshakes and connections without a certificate have a bound each") func bounds() throws {
        var limits = StreamLimits.generous
        limits.connections = 2
        let reception = try StreamReception(limits)
        let speaking = [try StreamClient(to: reception.tcp), try StreamClient(to: reception.tcp)]
        for client in speaking { #expect(client.send("hello\n")) }
        #expect(eventually { reception.told.messages.count == 2 })
        #expect(try StreamClient(to: reception.tcp).isEnded())
        #expect(reception.told.refusals == [.tooMany])
        let knocking = [try StreamClient(to: reception.tls), try StreamClient(to: reception.tls)]
        #expect(eventually { reception.told.connections == 4 })
        // the oldest makes room
        let third = try StreamClient(to: reception.tls)
        #expect(knocking[0].isEnded())
        #expect(reception.told.refusals == [.tooMany, .tooMany])
        for client in speaking { #expect(client.send("again\n")) }
        #expect(eventually { reception.told.messages.count == 4 })
        // a client that is gone would count as a handshake that failed
        withExtendedLifetime((knocking, third)) {}
        #expect(reception.stop())
    }

    @Test("a silent connection over TCP makes room, after what it has sent was taken") func silentMakesRoom() throws {
        var limits = StreamLimits.generous
        limits.connections = 2
        let reception = try StreamReception(limits)
        let crowd = try (0..<30).map { try StreamClient(to: reception.tcp, from: "127.0.0.\($0 + 1)") }
        let sender = try StreamClient(to: reception.tcp, from: "127.0.1.1")
        #expect(sender.send("here\n"))
        #expect(eventually { reception.told.messages == ["here"] })
        let later = try (0..<30).map { try StreamClient(to: reception.tcp, from: "127.0.0.\($0 + 1)") }
        #expect(eventually { reception.told.refusals.count == 59 })
        #expect(Set(reception.told.refusals) == [.tooMany])
        #expect(sender.send("still\n"))
        #expect(eventually { reception.told.messages == ["here", "still"] })
        withExtendedLifetime((crowd, later)) {}
        #expect(reception.stop())
    }

    @Test("a relay with a certificate gets in while strangers knock from one address or many", arguments: [1, 50])
    func relay(_ addresses: Int) throws {
        var limits = StreamLimits.generous
        limits.connections = 64
        let reception = try StreamReception(limits, clients: .required)
        func crowd() throws -> [StreamClient] {
            try (0..<150).map {
                try StreamClient(
                    to: $0 % 2 == 0 ? reception.tls : reception.tcp, from: "127.0.0.\($0 % addresses + 1)")
            }
        }
        var strangers = try crowd()
        let relay = try RelayClient(to: reception.tls)
        #expect(relay.send("first\n"))
        strangers += try crowd()
        #expect(eventually { reception.told.messages == ["first"] })
        #expect(relay.send("second\n"))
        #expect(eventually { reception.told.messages == ["first", "second"] })
        #expect(reception.told.peers.allSatisfy { $0.isCertified && $0.relay == "localhost" })
        #expect(reception.told.connections <= 2 * limits.connections + 1)
        withExtendedLifetime(strangers) {}
        #expect(reception.stop())
    }

    @Test("connections with a certificate have a bound too") func certifiedBound() throws {
        var limits = StreamLimits.generous
        limits.certifiedConnections = 1
        let reception = try StreamReception(limits, clients: .optional)
        let relay = try RelayClient(to: reception.tls)
        #expect(relay.send("one\n"))
        #expect(eventually { reception.told.messages == ["one"] })
        let second = try RelayClient(to: reception.tls)
        #expect(second.send("two\n"))
        #expect(eventually { reception.told.refusals == [.tooMany] })
        let other = try RelayClient(to: reception.tls, isCertified: false)
        #expect(other.send("three\n"))
        #expect(eventually { reception.told.messages == ["one", "three"] })
        #expect(reception.told.peers.map { $0.isCertified } == [true, false])
        #expect(reception.told.peers.map { $0.relay } == ["localhost", nil])
        withExtendedLifetime((relay, second)) {}
        #expect(reception.stop())
    }

    @Test("without a certificate the first message must come soon, and silence is short") func uncertified() throws {
        var limits = StreamLimits.generous
        (limits.firstMessageSeconds, limits.uncertifiedIdleSeconds) = (1, 1)
        let reception = try StreamReception(limits, clients: .optional)
        let relay = try RelayClient(to: reception.tls)
        #expect(relay.send("relay\n"))
        let (silent, spoken) = (try StreamClient(to: reception.tcp), try StreamClient(to: reception.tcp))
        #expect(spoken.send("spoken\n"))
        #expect(silent.isEnded() && spoken.isEnded())
        #expect(Set(reception.told.refusals) == [.firstMessageTimeout, .idleTimeout])
        #expect(relay.send("still\n"))
        #expect(eventually { reception.told.messages.last == "still" })
        #expect(reception.stop())
    }

    @Test("a stop ends a connection in the middle of its handshake, and does not count it") func stop() throws {
        let reception = try StreamReception()
        let client = try StreamClient(to: reception.tls)
        #expect(eventually { reception.told.connections == 1 })
        #expect(reception.stop())
        #expect(client.isEnded())
        #expect(reception.told.refusals.isEmpty && reception.told.connections == 0)
    }
}
