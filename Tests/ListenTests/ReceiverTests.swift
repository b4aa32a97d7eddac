import Glibc
import Listen
import Sockets
import Testing

@Suite struct ReceiverTests {
    private let anyPort = ListenAddress.udp(host: "127.0.0.1", port: 0)

    @Test("UDP datagrams come as they were sent, with their sender") func udp() throws {
        let reception = Reception(try DatagramSocket(anyPort))
        guard case .udp(let host, let port) = reception.socket.address else {
            Issue.record("\(reception.socket.address)")
            return
        }
        #expect(host == "127.0.0.1" && port > 0, "the port that the kernel chose")
        reception.start()
        let sender = try Sender(to: reception.socket.address)
        let messages: [[UInt8]] = [Array("first".utf8), [], [0, 255, 10], [UInt8](repeating: 7, count: 9_000)]
        for message in messages { #expect(sender.send(message)) }
        #expect(eventually { reception.received.count == messages.count })
        #expect(reception.received.map { $0.bytes } == messages)
        #expect(reception.received.allSatisfy { !$0.isTruncated && $0.uid == nil && $0.pid == nil })
        for datagram in reception.received {
            guard case .internet("127.0.0.1", let from)? = datagram.sender else {
                Issue.record("\(String(describing: datagram.sender))")
                continue
            }
            #expect(from > 0 && from != port)
        }
        #expect(reception.stop())
    }

    @Test("unix datagrams carry the sender's user and process") func unix() throws {
        let place = SocketPath()
        let reception = Reception(try DatagramSocket(place.address))
        reception.start()
        let sender = try Sender(to: place.address)
        for number in 0..<300 { #expect(sender.send("message \(number)")) }
        #expect(eventually { reception.received.count == 300 })
        #expect(reception.received.map { $0.text } == (0..<300).map { "message \($0)" })
        #expect(reception.received.allSatisfy { $0.uid == getuid() && $0.pid == UInt32(getpid()) })
        #expect(reception.received.allSatisfy { $0.sender == .unix(path: "") })
        #expect(reception.stop())
    }

    @Test("every user may send to the socket's file") func permissions() throws {
        let place = SocketPath()
        let socket = try DatagramSocket(place.address)
        var status = stat()
        #expect(lstat(place.path, &status) == 0 && status.st_mode & 0o777 == 0o666)
        withExtendedLifetime(socket) {}
    }

    @Test("a datagram longer than any message is cut and marked, and only that one") func truncation() throws {
        let place = SocketPath()
        for address in [anyPort, place.address] {
            let reception = Reception(try DatagramSocket(address))
            reception.start()
            let sender = try Sender(to: reception.socket.address)
            let lengths = [16_383, 16_384, 16_385, 60_000, 5]
            for length in lengths { #expect(sender.send([UInt8](repeating: UInt8(length & 0xFF), count: length))) }
            #expect(eventually { reception.received.count == lengths.count })
            #expect(reception.received.map { $0.bytes.count } == [16_383, 16_384, 16_384, 16_384, 5])
            #expect(reception.received.map { $0.isTruncated } == [false, false, true, true, false])
            for (datagram, length) in zip(reception.received, lengths) {
                #expect(datagram.bytes.allSatisfy { $0 == UInt8(length & 0xFF) })
            }
            #expect(reception.stop())
        }
    }

    /// One thread sends faster than a tiny buffer takes, and the receiver starts only when it is done.
    @Test("dropped datagrams are counted: received and dropped make up the sent ones") func drops() throws {
        let socket = try DatagramSocket(anyPort)
        #expect(socket.kernelDrops == 0)
        socket.shrinkReceiveBuffer(to: 4_096)
        let sender = try Sender(to: socket.address)
        var sent = 0
        while sent < 200 || socket.kernelDrops < 50 {
            try #require(sender.send([UInt8](repeating: 1, count: 1_000)))
            sent += 1
            try #require(sent < 100_000, "a tiny buffer takes all")
        }
        let dropped = Int(socket.kernelDrops)
        let reception = Reception(socket)
        reception.start()
        #expect(eventually { reception.received.count + dropped == sent })
        #expect(reception.stop())
        #expect(reception.received.count + Int(socket.kernelDrops) == sent)
        #expect(reception.received.count > 0)
    }

    @Test("a buffer grows to what is asked for, and never shrinks") func receiveBuffer() throws {
        let place = SocketPath()
        for address in [anyPort, place.address] {
            let socket = try DatagramSocket(address)
            socket.shrinkReceiveBuffer(to: 8_192)
            #expect(socket.raiseReceiveBuffer(to: 131_072) == 131_072)
            #expect(socket.raiseReceiveBuffer(to: 4_096) == 131_072)
            // a request beyond all limits is not an error
            #expect(socket.raiseReceiveBuffer(to: .max) >= 131_072)
        }
    }

    @Test("a stop first takes what the kernel holds") func drains() throws {
        let place = SocketPath()
        let udp = try DatagramSocket(anyPort)
        // room for all datagrams that are sent before the receiver starts
        _ = udp.raiseReceiveBuffer(to: 1 << 20)
        let unix = try DatagramSocket(place.address)
        for (socket, count) in [(udp, 150), (unix, 8)] {
            let reception = Reception(socket)
            let sender = try Sender(to: socket.address)
            for number in 0..<count { #expect(sender.send("message \(number)")) }
            reception.start()
            #expect(reception.stop())
            #expect(reception.received.map { $0.text } == (0..<count).map { "message \($0)" })
            #expect(reception.emptyBatches > 0, "the end is told by an empty batch")
        }
    }

    @Test("without datagrams an empty batch comes every second") func idle() throws {
        let reception = Reception(try DatagramSocket(anyPort))
        reception.start()
        #expect(eventually { reception.emptyBatches >= 2 })
        #expect(reception.received.isEmpty)
        #expect(reception.stop())
    }
}
