import Glibc
import Listen
import Sockets
import Testing

@Suite struct SocketTests {
    private func cannotListen(_ error: ListenError?) -> String? {
        if case .cannotListen(let why)? = error { why } else { nil }
    }

    @Test("the file goes with its socket") func fileGoes() throws {
        let place = SocketPath()
        do {
            let socket = try DatagramSocket(place.address)
            #expect(place.exists)
            withExtendedLifetime(socket) {}
        }
        #expect(!place.exists)
    }

    @Test("a file that a killed daemon left is taken over") func abandoned() throws {
        let place = SocketPath()
        // bound and closed without removing the file, as a killed process leaves it
        let left = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: place.path.utf8) }
        let bound = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(left, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        close(left)
        #expect(place.exists)
        let reception = Reception(try DatagramSocket(place.address))
        reception.start()
        #expect(try Sender(to: place.address).send("new"))
        #expect(eventually { reception.received.map { $0.text } == ["new"] })
        #expect(reception.stop())
    }

    @Test("a socket on which another receives is left alone") func live() throws {
        let place = SocketPath()
        let reception = Reception(try DatagramSocket(place.address))
        reception.start()
        let error = #expect(throws: ListenError.self) { try DatagramSocket(place.address) }
        #expect(cannotListen(error)?.hasPrefix("\(place.address.description): bind: ") == true)
        #expect(try Sender(to: place.address).send("still here"))
        #expect(eventually { reception.received.map { $0.text } == ["still here"] })
        #expect(reception.stop())
    }

    @Test("a file that is no socket is left alone") func file() throws {
        let place = SocketPath()
        let descriptor = open(place.path, O_CREAT | O_WRONLY, 0o600)
        #expect(write(descriptor, "keep", 4) == 4)
        close(descriptor)
        let error = #expect(throws: ListenError.self) { try DatagramSocket(place.address) }
        #expect(cannotListen(error) != nil)
        var status = stat()
        #expect(lstat(place.path, &status) == 0 && status.st_size == 4)
    }

    @Test("a port that is taken, and a host that is not ours, are told") func taken() throws {
        let first = try DatagramSocket(.udp(host: "127.0.0.1", port: 0))
        let again = #expect(throws: ListenError.self) { try DatagramSocket(first.address) }
        #expect(cannotListen(again)?.hasPrefix("\(first.address.description): bind: ") == true)
        // a network for documentation (RFC 5737), which no machine has
        let foreign = #expect(throws: ListenError.self) { try DatagramSocket(.udp(host: "192.0.2.1", port: 0)) }
        #expect(cannotListen(foreign)?.hasPrefix("udp://192.0.2.1:0: bind: ") == true)
        let nobody = #expect(throws: ListenError.self) { try DatagramSocket(.udp(host: "host.invalid", port: 1)) }
        #expect(cannotListen(nobody)?.hasPrefix("udp://host.invalid:1: ") == true)
    }

    @Test("sockets that share a port get all that is sent to it, each sender's at one of them") func shared() throws {
        let sockets = try DatagramSocket.sockets(at: .udp(host: "127.0.0.1", port: 0), count: 3)
        #expect(sockets.count == 3 && Set(sockets.map { $0.address.description }).count == 1)
        let receptions = sockets.map { Reception($0) }
        for reception in receptions { reception.start() }
        for number in 0..<64 {
            let sender = try Sender(to: sockets[0].address)
            for message in 0..<3 { #expect(sender.send("\(number) \(message)")) }
        }
        #expect(eventually { receptions.reduce(0) { $0 + $1.received.count } == 64 * 3 })
        for reception in receptions { #expect(reception.stop()) }
        let received = receptions.map { $0.received.map { $0.text } }
        #expect(Set(received.joined()).count == 64 * 3)
        #expect(received.allSatisfy { !$0.isEmpty })
        for some in received { #expect(Set(some.map { $0.split(separator: " ")[0] }).count * 3 == some.count) }
    }

    @Test("who would share a port that another has is refused, as who would not") func notShared() throws {
        for count in [1, 2] {
            let first = try DatagramSocket.sockets(at: .udp(host: "127.0.0.1", port: 0), count: count)
            for others in [1, 2] {
                let again = #expect(throws: ListenError.self) {
                    try DatagramSocket.sockets(at: first[0].address, count: others)
                }
                #expect(cannotListen(again)?.contains(": bind: ") == true)
            }
        }
    }

    @Test("a folder that is missing is told") func missingFolder() {
        let error = #expect(throws: ListenError.self) { try DatagramSocket(.unixDatagram(path: "/nowhere/at/all")) }
        #expect(cannotListen(error)?.hasPrefix("unixgram:///nowhere/at/all: bind: ") == true)
    }

    @Test("a datagram socket that the service manager passes is taken over, another is not") func inherited() throws {
        let place = SocketPath()
        let bound = try DatagramSocket(place.address)
        let passed = dup(bound.descriptor)
        let taken = try #require(DatagramSocket(inherited: passed))
        #expect(taken.address == place.address)
        #expect(fcntl(passed, F_GETFD) & FD_CLOEXEC != 0)
        let reception = Reception(taken)
        reception.start()
        #expect(try Sender(to: place.address).send("passed"))
        #expect(eventually { reception.received.map { $0.uid } == [getuid()] })
        #expect(reception.stop())
        let stream = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(DatagramSocket(inherited: stream) == nil)
        close(stream)
        #expect(DatagramSocket(inherited: 900) == nil)
    }

    @Test("a socket taken over leaves its file to the service manager") func inheritedFile() throws {
        let place = SocketPath()
        let bound = try DatagramSocket(place.address)
        do {
            let taken = DatagramSocket(inherited: dup(bound.descriptor))
            #expect(taken != nil)
        }
        #expect(place.exists)
        withExtendedLifetime(bound) {}
    }
}
