import Record
import Testing

@Suite struct CanaryKeyTests {
    private let key = CanaryKey([UInt8](0..<32)) ?? .random()
    private let batch = "20261121t120000z-0000beef"

    @Test("a name that the key has made is the batch's, for this process alone") func own() {
        let name = key.runName(of: batch, sequence: 3, of: 10)
        #expect(key.batch(ofRun: name, sequence: 3, of: 10) == batch)
        #expect(key.batch(ofRun: name, sequence: 4, of: 10) == nil)
        #expect(key.batch(ofRun: name, sequence: 3, of: 11) == nil)
        #expect(key.batch(ofRun: name, sequence: 31, of: 0) == nil)
        #expect(CanaryKey.random().batch(ofRun: name, sequence: 3, of: 10) == nil)
        // the hook takes names of at most 64 letters, digits, dots, lines and hyphens
        #expect(name.utf8.count <= 64)
        #expect(name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
    }

    /// Computed by Python's `hmac.new(bytes(range(32)), b"canary:...", "sha256")`.
    @Test("the code is the first half of HMAC-SHA-256") func code() {
        #expect(key.runName(of: batch, sequence: 3, of: 10) == "\(batch).41625ed36f744449da274d8b84813019")
    }

    @Test("no other text is a batch's") func forged() {
        let name = key.runName(of: batch, sequence: 1, of: 2)
        let code = name.suffix(32)
        var texts = ["", ".", "night", batch, "\(batch).", ".\(code)", "other.\(code)", "\(batch)\(code)", name + "0"]
        texts += [String(name.dropLast()), name.uppercased(), "\(batch).\(String(repeating: "0", count: 32))"]
        texts += name.indices.map { name[..<$0] + (name[$0] == "1" ? "2" : "1") + name[name.index(after: $0)...] }
        for text in texts { #expect(key.batch(ofRun: text, sequence: 1, of: 2) == nil, "\(text)") }
    }

    @Test("a batch may have any name, and no two are read as one") func names() {
        for batch in ["", ".", "a.b", "a:1", "n\u{e4}cht \u{0}", "e\u{301}"] {
            let name = key.runName(of: batch, sequence: 1, of: 2)
            #expect(key.batch(ofRun: name, sequence: 1, of: 2).map { Array($0.utf8) } == Array(batch.utf8))
        }
        let codes = [key.runName(of: "a:1", sequence: 2, of: 3), key.runName(of: "a", sequence: 1, of: 2)]
        #expect(codes[0].suffix(32) != codes[1].suffix(32))
    }

    @Test("a key has 32 bytes, and each is another one") func keys() {
        #expect(CanaryKey([]) == nil && CanaryKey([UInt8](0..<33)) == nil)
        #expect(CanaryKey(key.bytes) == key)
        #expect(CanaryKey.random() != CanaryKey.random())
    }
}
