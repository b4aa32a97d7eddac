import Record
import SampleRecords
import Testing

@Suite struct CompoundKeyTests {
    private func key(_ texts: [String?]) -> [UInt8] {
        var key = CompoundKey()
        for text in texts {
            if let text { key.append(text) } else { key.appendAbsent() }
        }
        return key.bytes
    }

    private func texts(_ key: [UInt8]) -> [String?] { key.withUnsafeBytes { CompoundKey.texts(of: $0) } }

    @Test(
        "texts round trip, whatever is in them",
        arguments: [
            [], [nil], [""], ["", nil, ""], ["a", "b"], ["ab", ""], ["", "ab"],
            ["a\u{0}b", "\u{0}", "\u{1}\u{0}b", "\u{FFFF}"], [nil, nil, "x"], ["Größe", "🐍🏔️", "\r\n\t\""],
            [String(repeating: "ä", count: 20_000), nil, "end"],
        ] as [[String?]])
    func roundTrip(list: [String?]) { #expect(texts(key(list)) == list) }

    @Test("no two lists are spelled alike", arguments: [11, 12] as [UInt64]) func distinct(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        var lists: [[UInt8]: [String?]] = [:]
        for _ in 0..<20_000 {
            // few letters, among them those that spell lengths, so that confusions would show
            let list = (0..<random.below(5)).map { _ -> String? in
                random.once(in: 6)
                    ? nil
                    : String((0..<random.below(4)).map { _ in random.once(in: 2) ? "\u{1}" : "\u{0}" as Character })
            }
            let spelled = key(list)
            if let other = lists[spelled] {
                #expect(other == list)
            } else {
                lists[spelled] = list
            }
        }
        #expect(lists.count > 1_000)
    }

    @Test("a text longer than the length can tell is cut, and what follows is not harmed") func cut() {
        let read = texts(key([String(repeating: "x", count: 70_000), "after"]))
        #expect(read.count == 2)
        #expect(read[0]?.utf8.count == 0xFFFE)
        #expect(read[1] == "after")
    }

    @Test("reset keeps nothing") func reset() {
        var key = CompoundKey()
        key.append("before")
        key.reset()
        key.append("after")
        #expect(texts(key.bytes) == ["after"])
    }

    @Test("a key cut anywhere reads as far as it goes") func garbage() {
        let whole = key(["first", nil, "second", ""])
        for length in 0...whole.count {
            let read = texts(Array(whole.prefix(length)))
            #expect(read.count <= 4)
            if length >= 7 { #expect(read.first == "first") }
        }
    }
}
