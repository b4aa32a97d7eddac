import JSON
import Testing

@Suite struct InvisibleCharacterTests {
    @Test("nothing that is shown steers a terminal or hides") func printableTexts() {
        #expect(printable("größe, 数値 e\u{301}") == "größe, 数値 e\u{301}")
        #expect(printable("a\u{1B}[0m\u{9B}b\r\n") == "a\u{FFFD}[0m\u{FFFD}b\u{FFFD}\u{FFFD}")
        for hidden in ["\u{202E}", "\u{2066}", "\u{200B}", "\u{200D}", "\u{FEFF}", "\u{AD}", "\u{2028}", "\u{E0041}"] {
            #expect(printable("a\(hidden)b") == "a\u{FFFD}b")
        }
    }

    @Test("an emoji keeps what joins it") func emoji() {
        for text in ["👩\u{200D}🔬lab", "♥\u{FE0F}heart", "❤\u{FE0F}\u{200D}🔥"] { #expect(printable(text) == text) }
        #expect(printable("1\u{FE0F}") == "1\u{FFFD}")
        #expect(printable("👩\u{200D}x") == "👩\u{FFFD}x")
    }

    @Test("lines keep their ends and tabs") func lines() {
        #expect(printableLines("a\tb\n\u{1B}c\n") == "a\tb\n\u{FFFD}c\n")
    }
}
