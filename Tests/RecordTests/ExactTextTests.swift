import Record
import Testing

@Suite struct ExactTextTests {
    @Test("texts are sorted by their bytes, whatever readers see") func order() {
        let texts = [
            "", "a", "a\u{0}", "aa", "b", "z", "\u{E9}", "e\u{301}", "a longer text than fits a word", "\u{10000}",
        ]
        for one in texts {
            for other in texts {
                let (left, right) = (Array(one.utf8), Array(other.utf8))
                #expect((ExactText(one) < ExactText(other)) == left.lexicographicallyPrecedes(right))
                #expect((ExactText(one) == ExactText(other)) == (left == right))
            }
        }
    }
}
