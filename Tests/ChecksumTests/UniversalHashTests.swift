import Checksum
import Testing

@Suite struct UniversalHashTests {
    private let universal = UniversalHash(maximumBytes: 4_096)

    private func hash(_ text: [UInt8], by universal: UniversalHash) -> SipHash.Wide {
        let padded = text + [UInt8](repeating: 0, count: UniversalHash.blockBytes)
        return padded.withUnsafeBytes { universal.hash($0, count: text.count) }
    }

    @Test("it is NH of the paper, twice, under SipHash", arguments: [0, 1, 8, 15, 16, 17, 640, 655, 4_096])
    func definition(count: Int) throws {
        var generator = SystemRandomNumberGenerator()
        let key = (0..<514).map { _ in generator.next() as UInt64 }
        let finalKey = SipHash.Key.random()
        // numbers near the largest one have all carries
        let text = (0..<count).map { _ in UInt8.random(in: 250...255) }
        let padded = text + [UInt8](repeating: 0, count: (16 - count % 16) % 16)
        let words = stride(from: 0, to: padded.count, by: 8).map { start in
            padded[start..<start + 8].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        }
        let sums = [0, 2].map { shift in
            stride(from: 0, to: words.count, by: 2).reduce(0 as UInt128) { sum, index in
                let left = UInt128(words[index] &+ key[index + shift])
                return sum &+ left * UInt128(words[index + 1] &+ key[index + 1 + shift])
            }
        }
        var summary = sums.flatMap { [UInt64(truncatingIfNeeded: $0), UInt64(truncatingIfNeeded: $0 >> 64)] }
        summary.append(UInt64(count))
        let expected = summary.withUnsafeBytes { SipHash.quickWide($0, finalKey) }
        #expect(hash(text, by: UniversalHash(key: key, finalKey: finalKey)) == expected)
    }

    @Test("each bit, each place and the length count") func differences() {
        let text = (0..<640).map { UInt8(truncatingIfNeeded: $0 / 16) }
        var seen: Set<SipHash.Wide> = [hash(text, by: universal)]
        var texts = 1
        for place in text.indices {
            for bit in 0..<8 {
                var changed = text
                changed[place] ^= 1 << UInt8(bit)
                seen.insert(hash(changed, by: universal))
                texts += 1
            }
        }
        for length in 0..<640 {
            seen.insert(hash(Array(text.prefix(length)), by: universal))
            texts += 1
        }
        for zeros in 1..<100 {
            seen.insert(hash(text + [UInt8](repeating: 0, count: zeros), by: universal))
            texts += 1
        }
        for block in 0..<39 {
            var swapped = text
            for place in 0..<16 { swapped.swapAt(block * 16 + place, block * 16 + 16 + place) }
            seen.insert(hash(swapped, by: universal))
            texts += 1
        }
        #expect(seen.count == texts)
    }

    @Test("every process has a key of its own") func keys() {
        let text = [UInt8](repeating: 7, count: 100)
        let hashes = (0..<100).map { _ in hash(text, by: UniversalHash(maximumBytes: 100)) }
        #expect(Set(hashes).count == hashes.count)
        #expect(hash(text, by: universal) == hash(text, by: universal))
    }
}
