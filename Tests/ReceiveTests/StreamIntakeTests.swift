import DaemonMetrics
import Journal
import Listen
import Receive
import Record
import SystemClock
import Testing

@Suite struct StreamIntakeTests {
    @Test func messagesAndRejectsGoTheSameWay() throws {
        let receiving = try Receiving()
        let intake = receiving.streamIntake()
        intake.take(message(1))
        intake.take("<134>1 - host customs 1 imports - {")
        intake.take(message(2))
        intake.reject(.tooLong, "a")
        #expect(receiving.journal.head.tally == 0)
        #expect(intake.flush())
        let (records, counts) = try receiving.journalled()
        #expect(records.count == 2)
        #expect(counts == ["rejected.bad_json": 1, "rejected.too_long": 1])
        #expect(receiving.journal.head.tally == 4)
        let counted = receiving.metrics.snapshot.transports["tcp"]
        #expect(counted?.accepted == 2 && counted?.rejected == 2)
    }

    @Test func recordsOlderThanTheSiteTakesAreRefused() throws {
        let receiving = try Receiving()
        let intake = receiving.streamIntake(maximumAge: 2 * Calendar.microsecondsPerDay)
        let now = wallClock()
        for days in [0, 1, 3, 5_000] as [Int64] {
            let time = Calendar.text(microseconds: now - days * Calendar.microsecondsPerDay)
            intake.take(message(1).replacing("{\"v\":1,", with: "{\"v\":1,\"event_timestamp\":\"\(time)\","))
            intake.take(message(2).replacing("- host", with: "\(time) host"))
        }
        #expect(intake.flush())
        let (records, counts) = try receiving.journalled()
        #expect(records.count == 4 && counts == ["rejected.too_old": 4])
    }

    @Test func theRelaysNameIsKept() throws {
        let receiving = try Receiving()
        let intake = receiving.streamIntake(.tls)
        for relay in ["relay-1", nil] {
            var text = message(1)
            text.withUTF8 { bytes in
                intake.take(
                    UnsafeRawBufferPointer(bytes),
                    from: StreamPeer(
                        transport: .tls, address: "192.0.2.7:1", host: "192.0.2.7", isCertified: true, relay: relay),
                    isWhole: true)
            }
        }
        #expect(intake.flush())
        var relays: [String?] = []
        _ = try receiving.journal.reader(at: nil).next { frame in
            frame.forEach { _, bytes in
                if case .message(let envelope, _)? = Entry.read(bytes), envelope.identity == .relay {
                    relays.append(envelope.relay?.text)
                }
            }
        }
        #expect(relays == ["relay-1", nil])
    }

    @Test func whatTheEndOfAStreamCutIsCounted() throws {
        let receiving = try Receiving()
        let intake = receiving.streamIntake()
        intake.take(message(1), isWhole: false)
        intake.take(String(message(2).dropLast(10)), isWhole: false)
        #expect(intake.flush())
        let (records, counts) = try receiving.journalled()
        // one ended with a whole record, though not with a line's end
        #expect(records.count == 1 && counts == ["rejected.cut_off": 1])
    }

    @Test func whileTheJournalIsFullNothingIsLostAndNothingCountsTwice() throws {
        let receiving = try Receiving(journalBytes: 65_536)
        let before = receiving.fillJournal()
        let intake = receiving.streamIntake()
        for number in 1...20 { intake.take(message(number)) }
        intake.take("no record")
        let full = receiving.journal.head
        for _ in 1...3 { #expect(!intake.flush()) }
        #expect(receiving.journal.head == full && full.tally == before)
        #expect(receiving.log.lines.filter { $0.contains("reading from streams stops") }.count == 1)
        receiving.releaseJournal()
        #expect(intake.flush())
        #expect(receiving.journal.head.tally == before + 21)
        let (records, counts) = try receiving.journalled(from: full)
        #expect(records.count == 20 && counts.values.reduce(0, +) == 1)
        #expect(intake.flush() && receiving.journal.head.tally == before + 21)
    }

    @Test func whatIsAbandonedIsCountedFromTheReserve() throws {
        let receiving = try Receiving(journalBytes: 65_536)
        let before = receiving.fillJournal()
        let full = receiving.journal.head
        let intake = receiving.streamIntake()
        for number in 1...20 { intake.take(message(number)) }
        #expect(!intake.flush())
        intake.abandon()
        intake.take(message(21))
        intake.concludeAbandoned()
        #expect(receiving.journal.head.tally == before + 21)
        #expect(try receiving.journalled(from: full).counts == ["rejected.journal_full": 21])
    }

    @Test func whatIsWithdrawnWasNeverReceived() throws {
        let receiving = try Receiving()
        let intake = receiving.streamIntake()
        intake.take(message(1))
        intake.take("no record")
        intake.withdraw()
        #expect(intake.flush() && receiving.journal.head.tally == 0)
        intake.take(message(2))
        #expect(intake.flush() && receiving.journal.head.tally == 1)
    }

    @Test func refusedConnectionsAreCountedByReason() throws {
        let receiving = try Receiving()
        let intake = receiving.streamIntake()
        intake.connectionsChanged(by: 2)
        intake.refused(.tooMany, peer, why: "there are 2")
        intake.connectionsChanged(by: -1)
        #expect(receiving.metrics.snapshot.connections == 1)
        #expect(receiving.metrics.snapshot.refusedConnections == ["too_many": 1])
        #expect(receiving.journal.head.tally == 0)
    }
}
