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
