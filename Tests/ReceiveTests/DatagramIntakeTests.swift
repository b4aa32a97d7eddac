import Glibc
import Journal
import Listen
import Receive
import Record
import Sockets
import Testing
import Threads

@Suite struct DatagramIntakeTests {
    @Test func eachDatagramIsAnEntryOrACount() throws {
        let receiving = try Receiving()
        let socket = try ReceivingSocket(receiving)
        for number in 1...100 { try socket.send(message(number)) }
        try socket.send("no record")
        try socket.send(String(repeating: " ", count: 10))
        #expect(eventually { receiving.journal.head.tally == 102 })
        socket.stop()
        let (records, counts) = try receiving.journalled()
        #expect(records.count == 100 && counts.values.reduce(0, +) == 2 && counts["rejected.empty"] == 1)
        #expect(try Set(receiving.sources()) == [NetworkSource(host: "127.0.0.1").number])
    }

    @Test func aDatagramForWhichTheJournalHasNoRoomIsRefusedAndCountedLater() throws {
        let receiving = try Receiving(journalBytes: 65_536)
        let before = receiving.fillJournal()
        let full = receiving.journal.head
        let socket = try ReceivingSocket(receiving)
        for number in 1...10 { try socket.send(message(number)) }
        // the last one is refused when the log has its line, for datagrams keep their order
        try socket.send("the end")
        #expect(eventually { receiving.log.lines.contains { $0.contains("begins=the end") } })
        #expect(receiving.journal.head == full)
        receiving.releaseJournal()
        try socket.send(message(11))
        #expect(eventually { receiving.journal.head.tally == before + 12 })
        socket.stop()
        let (records, counts) = try receiving.journalled(from: full)
        #expect(records.count + Int(counts["rejected.journal_full", default: 0]) == 11)
        #expect(counts["rejected.journal_full", default: 0] >= 10)
    }

    @Test func theLastCountsHaveRoomInAFullJournal() throws {
        let receiving = try Receiving(journalBytes: 65_536)
        let before = receiving.fillJournal()
        let full = receiving.journal.head
        let socket = try ReceivingSocket(receiving)
        for number in 1...10 { try socket.send(message(number)) }
        socket.stop()
        #expect(receiving.journal.head.tally == before + 10)
        #expect(try receiving.journalled(from: full).counts == ["rejected.journal_full": 10])
    }

    @Test func dropsThatAnEarlierDaemonCountedAreRemembered() throws {
        let receiving = try Receiving()
        let path = receiving.folder + "/kernel-drops"
        KernelDropMemory(path: path, cookies: [7, 8]).note(5, of: 7)
        let later = KernelDropMemory(path: path, cookies: [7, 9])
        #expect(later.counted(of: 7) == 5 && later.counted(of: 9) == 0)
        // a socket that is gone is forgotten
        #expect(KernelDropMemory(path: path, cookies: [8]).counted(of: 8) == 0)
    }
}

/// A socket on loopback, received from on a thread of its own.
private final class ReceivingSocket {
    private let receiver: DatagramReceiver
    private let stage: Stage
    private let sender: Int32

    init(_ receiving: Receiving) throws {
        let receiver = DatagramReceiver(try DatagramSocket(.udp(host: "127.0.0.1", port: 0)))
        self.receiver = receiver
        let (journal, metrics, rejectLog, digests) = (
            receiving.journal, receiving.metrics, receiving.rejectLog, receiving.digests
        )
        let memory = KernelDropMemory(path: receiving.folder + "/kernel-drops", cookies: [receiver.socket.cookie])
        stage = Stage("receive") {
            var intake = DatagramIntake(
                journal: journal, socket: receiver.socket, memory: memory, metrics: metrics, rejectLog: rejectLog,
                digests: digests)
            receiver.run { intake.take($0) }
            intake.finish()
        }
        guard case .udp(_, let port) = receiver.socket.address else { fatalError("not UDP") }
        sender = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(sender, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0)
    }

    deinit { close(sender) }

    func send(_ text: String) throws { try #require(Glibc.send(sender, text, text.utf8.count, 0) == text.utf8.count) }

    /// The receiver takes what the kernel holds, and ends.
    func stop() {
        receiver.stop()
        stage.join()
    }
}
