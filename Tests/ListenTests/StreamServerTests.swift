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

    @Test("connections over TCP and TLS have one bound") func bound() throws {
        var limits = StreamLimits.generous
        limits.connections = 2
        let reception = try StreamReception(limits)
        let standing = [try StreamClient(to: reception.tcp), try StreamClient(to: reception.tls)]
        #expect(eventually { reception.told.connections == 2 })
        for address in [reception.tcp, reception.tls] { #expect(try StreamClient(to: address).isEnded()) }
        #expect(reception.told.refusals == [.tooMany, .tooMany])
        withExtendedLifetime(standing) {}
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
