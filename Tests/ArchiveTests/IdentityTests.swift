import Archive
import Checksum
import SampleRecords
import Testing

@Suite struct IdentityTests {
    private func identity(_ bytes: [UInt8], _ packing: Packing = .plain) throws -> String {
        try withTemporaryFile(try packing.pack(bytes)) { try Archive(path: $0, key: testKey).identity }
    }

    @Test("the same content has the same identity, however it is packed") func packings() throws {
        var random = FixedRandom(seed: 4)
        for count in [0, 1, 5_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000] {
            let bytes = random.bytes(count).map { $0 & 0x3F | 0x20 }
            let identities = try Set(Packing.allCases.map { try identity(bytes, $0) })
            #expect(identities.count == 1, "\(count) bytes")
            #expect(identities.first?.hasPrefix("archive:") == true && identities.first?.utf8.count == 8 + 32)
        }
    }

    @Test("other content has another identity") func others() throws {
        let texts = ["", "a", "b", "a\n", "aa", "\u{0}", "\u{0}\u{0}"].map { Array($0.utf8) }
        let large = [UInt8](repeating: 120, count: 3 << 20)
        var changed = large
        changed[1 << 20] = 121
        let swapped = Array(changed.dropFirst(1 << 20)) + changed.prefix(1 << 20)
        let all = texts + [large, changed, swapped, large + [120]]
        #expect(try Set(all.map { try identity($0) }).count == all.count)
    }

    @Test("the identity of known bytes never changes, because the store keeps it") func fixed() throws {
        #expect(try identity([]) == "archive:699334417d6bc8183cf4d61c307d890a")
        let former = try withTemporaryFile([]) { try Archive(path: $0, key: testKey).formerIdentity }
        #expect(former == "archive:ef46db3751d8e999d5afba1336a3be4b")
    }

    @Test("no one can tell an archive's identity without the store's key") func keyed() throws {
        let other = try withTemporaryFile(Array("a\n".utf8)) { try Archive(path: $0, key: .random()).identity }
        #expect(try identity(Array("a\n".utf8)) != other)
    }

    /// Two lines of JSON with one XXH64 under the seeds 0 and 1, so one archive in stores of version 1.
    @Test("archives that XXH64 takes for one are two") func colliding() throws {
        let pair = CollidingTexts.archives
        let formers = try [pair.one, pair.other].map { text in
            try withTemporaryFile(Array(text.utf8)) { try Archive(path: $0, key: testKey).formerIdentity }
        }
        #expect(formers[0] == formers[1])
        #expect(try identity(Array(pair.one.utf8)) != identity(Array(pair.other.utf8)))
    }
}
