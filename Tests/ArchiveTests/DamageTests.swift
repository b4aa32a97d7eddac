import Archive
import SampleRecords
import Testing

@Suite struct DamageTests {
    private func isDamaged(_ error: ArchiveError?) -> Bool {
        if case .damaged? = error { true } else { false }
    }

    /// Where the parts of an archive end, of which each prefix is an archive of its own.
    private func wholeLengths(_ packing: Packing, _ text: [UInt8]) throws -> Set<Int> {
        let whole = try packing.pack(text).count
        let first = Array(text.prefix(Packing.cut(text)))
        return switch packing {
        case .gzipMembers: [try Packing.gzip.pack(first).count, whole]
        case .zstdFrames: [try Packing.zstd.pack(first).count, whole]
        default: [whole]
        }
    }

    @Test("an archive cut short anywhere gives an error after what it has", arguments: Packing.packed)
    func cut(packing: Packing) throws {
        let text = Array((0..<40).map { "line \($0 * 7_919 % 1_000)\n" }.joined().utf8)
        let packed = try packing.pack(text)
        let whole = try wholeLengths(packing, text)
        // with so few bytes a file is not known for packed: then it is lines that are no records
        for length in 4..<packed.count where !whole.contains(length) && !whole.contains(length - 1) {
            try withTemporaryFile(Array(packed.prefix(length))) { path in
                let error = #expect(throws: ArchiveError.self, "\(length) of \(packed.count)") {
                    _ = try lines(of: path)
                }
                #expect(isDamaged(error))
                #expect(throws: ArchiveError.self) { try ArchiveIdentity.of(path: path) }
            }
        }
    }

    @Test("of a large archive cut short the lines before the cut are handed over", arguments: Packing.packed)
    func cutLarge(packing: Packing) throws {
        var random = FixedRandom(seed: 9)
        let text = (0..<4 << 20).map { _ in random.once(in: 100) ? 10 : UInt8(33 + random.below(90)) }
        let packed = try packing.pack(text)
        let expected = expectedLines(text)
        try withTemporaryFile(Array(packed.prefix(packed.count * 9 / 10))) { path in
            let reader = try ArchiveReader(path: path)
            var found: [Line] = []
            let error = #expect(throws: ArchiveError.self) {
                while try reader.nextLine({ bytes, length in found.append(Line(bytes: Array(bytes), length: length)) })
                {}
            }
            #expect(isDamaged(error))
            #expect(found.count > expected.count / 2)
            #expect(found == Array(expected.prefix(found.count)))
        }
    }

    @Test("bytes that were changed are seen, where the format has a checksum", arguments: [Packing.gzip, .zstdChecked])
    func changed(packing: Packing) throws {
        let text = Array((0..<400).map { "line \($0 * 7_919 % 1_000)\n" }.joined().utf8)
        var packed = try packing.pack(text)
        packed[packed.count / 2] ^= 0x10
        try withTemporaryFile(packed) { path in
            let error = #expect(throws: ArchiveError.self) { _ = try lines(of: path) }
            #expect(isDamaged(error))
            #expect("\(error.map { "\($0)" } ?? "")".contains(path))
        }
    }
}

@Suite struct IdentityTests {
    private func identity(_ bytes: [UInt8], _ packing: Packing = .plain) throws -> String {
        try withTemporaryFile(try packing.pack(bytes)) { try ArchiveIdentity.of(path: $0) }
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

    @Test("the identity of known bytes never changes: the store remembers it for ever") func fixed() throws {
        #expect(try identity([]) == "archive:ef46db3751d8e999d5afba1336a3be4b")
    }
}
