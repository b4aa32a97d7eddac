import Record
import SampleRecords
import Testing

@Suite struct EntryTests {
    /// Reads from a place that is aligned to nothing, as entries in the journal are.
    private func read(_ entry: [UInt8]) -> Reading? {
        ([0] + entry).withUnsafeBytes { bytes in
            switch Entry.read(UnsafeRawBufferPointer(rebasing: bytes[1...])) {
            case .message(let envelope, let record): .message(envelope, Array(record))
            case .tally(let tally): .tally(tally.map { Count(name: $0.name, count: $0.count) })
            case nil: nil
            }
        }
    }

    private enum Reading: Equatable {
        case message(Envelope, [UInt8])
        case tally([Count])
    }

    private struct Count: Equatable {
        let name: String
        let count: UInt64
    }

    private func message(_ envelope: Envelope, _ record: [UInt8]) -> [UInt8] {
        var entry: [UInt8] = []
        record.withUnsafeBytes { Entry.append(envelope, record: $0, to: &entry) }
        return entry
    }

    @Test(
        "messages round trip",
        arguments: [
            Envelope(arrival: 1_795_234_380_000_000),
            Envelope(arrival: 0, headerTime: 0), Envelope(arrival: .min, headerTime: .max),
            Envelope(arrival: .max, headerTime: -1, identity: .relay),
            Envelope(arrival: 1, identity: .relay, relay: RelayName("")),
            Envelope(arrival: 1, identity: .relay, relay: RelayName("relay-1.example.org")),
            Envelope(arrival: 1, identity: .relay, relay: RelayName(String(repeating: "n", count: 255))),
            Envelope(arrival: 1, identity: .kernel, uid: 0, pid: 0),
            Envelope(arrival: 1, headerTime: 2, identity: .kernel, uid: .max, pid: 1),
            Envelope(arrival: 1, source: 0), Envelope(arrival: 1, headerTime: 2, source: 0xFFFF_C000_0207),
            Envelope(arrival: 1, source: .max),
        ])
    func messages(envelope: Envelope) {
        for record in [[], Array("{}".utf8), [0, 255, 10, 13], [UInt8](repeating: 7, count: 8_192)] {
            #expect(read(message(envelope, record)) == .message(envelope, record))
        }
    }

    @Test("a message may have a digest, and the record is read without it") func digests() throws {
        let digests = [
            RunDigest(
                id: RecordID(high: 1, low: .max), eventTime: -7, elapsed: 0.1, end: .killed, hasRank: true,
                runHash: RunHash(high: 9, low: 10)),
            RunDigest(
                id: RecordID(high: .max, low: 0), eventTime: nil, elapsed: nil, end: nil, hasRank: false,
                runHash: RunHash(high: 0, low: 0)),
            RunDigest(
                id: RecordID(high: 0, low: 0), eventTime: .min, elapsed: -0.0, end: .exit, hasRank: false,
                runHash: RunHash(high: .max, low: 1)),
        ]
        let envelopes = [
            Envelope(arrival: 5, headerTime: 6), Envelope(arrival: 5, identity: .relay, relay: RelayName("relay-1")),
        ]
        for (place, record) in [[], Array("{}".utf8), [UInt8](repeating: 7, count: 8_192)].enumerated() {
            let envelope = envelopes[place % 2]
            #expect(message(envelope, record).withUnsafeBytes { Entry.digest(of: $0) } == nil)
            for digest in digests {
                var entry: [UInt8] = [0]
                record.withUnsafeBytes { Entry.append(envelope, record: $0, digest: digest, to: &entry) }
                entry.withUnsafeBytes { bytes in
                    #expect(Entry.digest(of: UnsafeRawBufferPointer(rebasing: bytes[1...])) == digest)
                }
                #expect(read(Array(entry.dropFirst())) == .message(envelope, record))
                entry[1 + 12] -= 1
                #expect(read(Array(entry.dropFirst())) == nil, "of no size that there is")
            }
        }
    }

    @Test("a digest of an earlier version is passed over") func formerDigest() {
        let envelope = Envelope(arrival: 5)
        var entry = message(envelope, Array("{}".utf8)) + [UInt8](repeating: 7, count: 48)
        entry[12] = 48
        #expect(read(entry) == .message(envelope, Array("{}".utf8)))
        #expect(entry.withUnsafeBytes { Entry.digest(of: $0) } == nil)
    }

    @Test("a digest that says too much does not fit") func tooShort() {
        var entry = message(Envelope(arrival: 5), [UInt8](repeating: 7, count: 47))
        entry[12] = 56
        #expect(read(entry) == nil)
        #expect(entry.withUnsafeBytes { Entry.digest(of: $0) } == nil)
    }

    @Test("tallies round trip") func tallies() {
        let lists: [[(name: String, count: UInt64)]] = [
            [], [("", 0)], [("rejected.bad_json", 7), ("kernel_dropped", .max)],
            [(String(repeating: "n", count: 255), 1), ("é", 2)],
        ]
        for list in lists {
            var entry: [UInt8] = []
            Entry.append(tally: list, to: &entry)
            #expect(read(entry) == .tally(list.map { Count(name: $0.name, count: $0.count) }))
        }
    }

    @Test("an entry goes behind what the output holds") func appends() {
        var output: [UInt8] = [9, 9]
        Entry.append(tally: [("a", 1)], to: &output)
        #expect(output.prefix(2) == [9, 9])
        #expect(read(Array(output.dropFirst(2))) == .tally([Count(name: "a", count: 1)]))
    }

    @Test("a cut entry is none, or one with less in it") func cut() {
        let whole = message(Envelope(arrival: 5, headerTime: 6, identity: .kernel, uid: 1, pid: 2), [1, 2, 3])
        for length in 0..<Entry.messageHeader { #expect(read(Array(whole.prefix(length))) == nil) }
        var tally: [UInt8] = []
        Entry.append(tally: [("abc", 1), ("defgh", 2)], to: &tally)
        let boundaries = [1, 1 + 1 + 3 + 8, tally.count]
        for length in 0...tally.count {
            #expect((read(Array(tally.prefix(length))) == nil) == !boundaries.contains(length), "\(length) bytes")
        }
    }

    @Test("other kinds and identities are unknown") func unknown() {
        let whole = message(Envelope(arrival: 5), [1, 2, 3])
        for kind in UInt8.min ... .max where kind != 1 && kind != 2 {
            #expect(read([kind] + whole.dropFirst()) == nil)
        }
        for identity in UInt8(3) ... .max { #expect(read([1, identity] + whole.dropFirst(2)) == nil) }
    }

    @Test("what is read of garbage says again what the garbage said", arguments: [21, 22] as [UInt64])
    func garbage(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        var understood = 0
        for _ in 0..<20_000 {
            var bytes = random.bytes(random.below(80))
            if !bytes.isEmpty { bytes[0] = UInt8(random.below(4)) }
            if bytes.count > 1, bytes[0] == 1 { bytes[1] = UInt8(random.below(4)) }
            if bytes.count > 15, bytes[0] == 1 {
                bytes.replaceSubrange(12..<16, with: [random.once(in: 8) ? random.once(in: 2) ? 48 : 56 : 0, 0, 0, 0])
            }
            // short names, so that some tallies are whole
            if bytes.count > 1, bytes[0] == 2 { bytes[1] = UInt8(random.below(70)) }
            guard let reading = read(bytes) else { continue }
            understood += 1
            if case .message(let envelope, let record) = reading {
                #expect(read(message(envelope, record)) == reading)
                #expect(record == Array(bytes[Entry.messageHeader...].dropLast(Int(bytes[12]))))
            }
        }
        #expect(understood > 1_000)
    }
}
