import Checksum
import Record
import SampleRecords
import Testing

@Suite struct RunHasherTests {
    private func hash(_ sample: SampleRecord, _ envelope: Envelope = Envelope(arrival: 0)) -> RunHash? {
        var hasher = RunHasher()
        return hasher.hash(of: sample.usage, envelope)
    }

    @Test("who vouches for the sender is a part of a run's hash") func vouchers() {
        let sample = SampleRecord(id: 1).with { $0[.username] = "ada" }
        let envelopes = [
            Envelope(arrival: 0), Envelope(arrival: 0, identity: .kernel, uid: 1, pid: 1),
            Envelope(arrival: 0, identity: .kernel, uid: 2, pid: 1), Envelope(arrival: 0, identity: .relay),
            Envelope(arrival: 0, identity: .relay, relay: RelayName("a")),
            Envelope(arrival: 0, identity: .relay, relay: RelayName("b")),
        ]
        #expect(Set(envelopes.map { hash(sample, $0) }).count == envelopes.count)
        // names that look alike are two relays
        let alike = ["\u{FC}", "u\u{308}"].map { Envelope(arrival: 0, identity: .relay, relay: RelayName($0)) }
        #expect(alike.map { $0.relay.map { Array($0.text.utf8) } } == [[0xC3, 0xBC], [0x75, 0xCC, 0x88]])
        #expect(hash(sample, alike[0]) != hash(sample, alike[1]))
        // neither the time nor the process makes another run
        let later = Envelope(arrival: 9, headerTime: 3, identity: .kernel, uid: 1, pid: 7)
        #expect(hash(sample, later) == hash(sample, envelopes[1]))
    }

    @Test("runs that XXH64 takes for one under half of all seeds are two") func colliding() {
        let pair = CollidingTexts.anySeed
        let collisions = (0..<64).filter { _ in
            let seed = UInt64.random(in: .min ... .max)
            return XXH64.hash(Array(pair.one.utf8), seed: seed) == XXH64.hash(Array(pair.other.utf8), seed: seed)
        }
        #expect(collisions.count > 8)
        // wherever the texts lie in what is hashed
        for shift in 0..<32 {
            let before = String(repeating: "/", count: shift)
            let hashes = [pair.one, pair.other].map { text in
                hash(SampleRecord(id: 1).with { $0[.main] = before + text })
            }
            #expect(hashes[0] != hashes[1], "\(shift)")
        }
    }

    @Test("each name of a host has a hash of its own, wherever it differs") func hosts() {
        let hasher = RunHasher()
        var names: Set<String> = []
        for length in 1...40 {
            let name = String(repeating: "n", count: length)
            names.insert(name)
            for place in 0..<length {
                var other = Array(name.utf8)
                other[place] = UInt8(ascii: "m")
                names.insert(String(decoding: other, as: UTF8.self))
            }
        }
        for number in 0..<20_000 { names.insert("nid\(number)") }
        let hashes = names.map { name in hasher.hash(ofHost: SampleRecord(id: 1).with { $0[.host] = name }.usage) }
        #expect(!hashes.contains(nil) && Set(hashes).count == names.count)
        #expect(hasher.hash(ofHost: SampleRecord(id: 1).usage) == nil)
    }
}
