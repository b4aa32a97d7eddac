import Checksum
import Record
import SampleRecords
import Testing

@Suite struct SymbolTableTests {
    @Test("the empty text is symbol 0, before and after others came") func empty() {
        var table = SymbolTable()
        #expect(table.count == 1)
        #expect(table.symbol(for: "") == 0)
        #expect(table.symbol(for: "a") == 1)
        #expect(table.symbol(for: "") == 0)
        #expect(table.string(0) == "")
        #expect(table.byteCount == 1)
    }

    @Test("texts that begin, end or repeat each other stay apart") func alike() {
        var table = SymbolTable()
        let texts = ["a", "aa", "aaa", "ab", "ba", "a\u{0}", "\u{0}a", "\u{0}", "\u{0}\u{0}", "A", "é", "e\u{301}"]
        let symbols = texts.map { table.symbol(for: $0) }
        #expect(Set(symbols).count == texts.count)
        for (text, symbol) in zip(texts, symbols) {
            #expect(table.symbol(for: text) == symbol)
            // as bytes: Swift holds the two ways to write é for equal, the table must not
            #expect(Array(table.string(symbol).utf8) == Array(text.utf8))
        }
    }

    @Test("a table that grows finds all it was given, byte for byte", arguments: [1, 2, 3] as [UInt64])
    func growth(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        var table = SymbolTable()
        var known: [[UInt8]: Int32] = [[]: 0]
        var wrong = 0
        for _ in 0..<40_000 {
            // short texts of few bytes come again often; long ones of any bytes, UTF-8 or not, hardly ever
            let text = random.once(in: 2) ? random.bytes(random.below(3)) : random.bytes(random.below(60))
            let symbol = text.withUnsafeBytes { table.symbol(for: $0) }
            if let before = known[text] {
                if before != symbol { wrong += 1 }
            } else {
                if Int(symbol) != known.count { wrong += 1 }
                known[text] = symbol
            }
        }
        for (text, symbol) in known where !table.withBytes(of: symbol, { $0.elementsEqual(text) }) { wrong += 1 }
        #expect(wrong == 0)
        #expect(table.count == known.count)
        #expect(table.byteCount == known.keys.reduce(0) { $0 + $1.count })
    }
}

@Suite struct FloodingTests {
    private static let count = 40_000

    @Test("40,000 chosen texts cost no more than twice 40,000 random ones") func chosenTexts() {
        var random = FixedRandom(seed: 7)
        let chosen = collidingTexts()
        let plain = (0..<Self.count).map { _ in random.bytes(chosen[0].count) }
        // otherwise the texts would prove nothing: these fall into few slots of a table that uses XXH64
        let seed = UInt64.random(in: .min ... .max)
        #expect(Set(chosen).count == Self.count)
        #expect(Set(chosen.map { XXH64.hash($0, seed: seed) }).count < Self.count / 20)
        #expect(probes(chosen) < 2 * probes(plain))
    }

    @Test("numbered texts fall as random ones do") func numberedTexts() {
        var random = FixedRandom(seed: 8)
        let plain = (0..<Self.count).map { _ in random.bytes(9) }
        #expect(probes((0..<Self.count).map { Array("name\($0)".utf8) }) < 2 * probes(plain))
    }

    private func probes(_ texts: [[UInt8]]) -> Double {
        var table = SymbolTable()
        for text in texts { _ = text.withUnsafeBytes { table.symbol(for: $0) } }
        return table.meanSearch
    }

    /// Texts that collide under XXH64, whatever its seed, in large numbers.
    ///
    /// A lane takes a word by `lane = rotate(lane + word * prime2, 31) * prime1`. Changing the word's top bit changes
    /// the lane by plus or minus `2^30 * prime1`, and a change of the next word takes that back. The sign depends on
    /// the seed, so there are texts for both signs, and some collide under any seed.
    private func collidingTexts() -> [[UInt8]] {
        let (prime1, prime2): (UInt64, UInt64) = (0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F)
        var inverse = prime2
        for _ in 0..<6 { inverse = inverse &* (2 &- prime2 &* inverse) }
        let change = (prime1 &<< 30) &* inverse
        let (pairs, lanes) = (3, 4)
        return (0..<Self.count).map { number in
            var words = [UInt64](repeating: 0, count: pairs * 2 * lanes)
            var rest = number
            for toggle in 0..<pairs * lanes {
                let first = toggle / lanes * 2 * lanes + toggle % lanes
                let kind = rest % 3
                rest /= 3
                if kind == 0 { continue }
                words[first] = 1 << 63
                words[first + lanes] = kind == 1 ? change : 0 &- change
            }
            return words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { [UInt8]($0) } }
        }
    }
}

@Suite struct VocabularyTests {
    @Test("dimensions do not share symbols") func dimensions() {
        var vocabulary = Vocabulary()
        for (index, dimension) in Dimension.allCases.enumerated() {
            for number in 0...index { _ = vocabulary[dimension].symbol(for: "\(dimension) \(number)") }
        }
        for (index, dimension) in Dimension.allCases.enumerated() {
            #expect(vocabulary[dimension].count == index + 2)
            #expect(vocabulary[dimension].string(1) == "\(dimension) 0")
        }
    }

    @Test("it is full beyond its bound of symbols in one dimension") func fullOfSymbols() {
        var vocabulary = Vocabulary(maximumSymbols: 3)
        for (text, isFull) in [("a", false), ("b", false), ("b", false), ("c", true)] {
            _ = vocabulary[.host].symbol(for: text)
            #expect(vocabulary.isFull == isFull, "after \(text)")
        }
    }

    @Test("it is full beyond its bound of bytes in all dimensions together") func fullOfBytes() {
        var vocabulary = Vocabulary(maximumBytes: 10)
        _ = vocabulary[.host].symbol(for: "12345")
        _ = vocabulary[.user].symbol(for: "12345")
        #expect(!vocabulary.isFull)
        _ = vocabulary[.step].symbol(for: "1")
        #expect(vocabulary.isFull)
    }

    @Test("emptied, it knows nothing, says so by its generation, and can be filled again") func emptied() {
        var vocabulary = Vocabulary(maximumSymbols: 1)
        _ = vocabulary[.host].symbol(for: "a")
        let before = vocabulary.generation
        vocabulary.empty()
        #expect(vocabulary.generation != before)
        #expect(!vocabulary.isFull)
        #expect(vocabulary[.host].count == 1)
        #expect(vocabulary[.host].symbol(for: "b") == 1)
        #expect(vocabulary[.host].string(1) == "b")
    }
}

extension SymbolTable {
    mutating func symbol(for text: String) -> Int32 { Array(text.utf8).withUnsafeBytes { symbol(for: $0) } }
}
