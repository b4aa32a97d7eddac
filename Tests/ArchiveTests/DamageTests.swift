import Archive
import SampleRecords
import Testing

@Suite struct DamageTests {
    private func isDamaged(_ error: ArchiveError?) -> Bool {
        if case .damaged? = error { true } else { false }
    }

    /// The lengths at which the parts of an archive end. A prefix of such a length is an archive of its own.
    private func wholeLengths(_ packing: Packing, _ text: [UInt8]) throws -> Set<Int> {
        let whole = try packing.pack(text).count
        let first = Array(text.prefix(Packing.cut(text)))
        return switch packing {
        case .gzipMembers: [try Packing.gzip.pack(first).count, whole]
        case .zstdFrames: [try Packing.zstd.pack(first).count, whole]
        case .gzipThenZstd: [try Packing.gzip.pack(first).count, whole]
        case .zstdSkippable:
            // a skippable frame may stand alone
            [12, try Packing.zstd.pack(first).count + 12, try Packing.zstd.pack(first).count + 24, whole]
        case .gzipPadded: Set(whole - 10_000...whole)
        default: [whole]
        }
    }

    @Test("an archive cut short anywhere gives an error after what it has", arguments: Packing.packed)
    func cut(packing: Packing) throws {
        let text = Array((0..<40).map { "line \($0 * 7_919 % 1_000)\n" }.joined().utf8)
        let packed = try packing.pack(text)
        let whole = try wholeLengths(packing, text)
        // a file this short is not recognised as compressed: it counts as lines that are not records
        for length in 4..<packed.count where !whole.contains(length) {
            try withTemporaryFile(Array(packed.prefix(length))) { path in
                let error = #expect(throws: ArchiveError.self, "\(length) of \(packed.count)") {
                    _ = try lines(of: path)
                }
                #expect(isDamaged(error))
            }
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
