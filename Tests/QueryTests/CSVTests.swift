import JSON
import Query
import Testing

@Suite struct CSVTests {
    @Test(
        "a text that a spreadsheet takes for a formula begins with a quote",
        arguments: ["=1+1", "+1", "-1+2", "@SUM(A1)", "\tx", "＝1"])
    func formulas(text: String) {
        #expect(CSV().line([.text(text), .integer(1)]) == "'\(text),1")
        #expect(CSV(isRaw: true).line([.text(text)]) == text)
        #expect(CSV().line([.array([.text(text), .text("b")])]) == "'\(text) b")
    }

    @Test("a line end at the beginning is quoted too") func lineEnds() {
        #expect(CSV().line([.text("\r=1")]) == "\"'\r=1\"")
        #expect(CSV().line([.text("=\u{301}1")]) == "'=\u{301}1")
    }

    @Test("the ways to start a program are no formulas") func programs() {
        let programs: [JSON] = [.text("-c"), .text("-m pip.x_1"), .text("-m a|b"), .text("-cx")]
        #expect(CSV().line(programs) == "-c,-m pip.x_1,'-m a|b,'-cx")
    }

    @Test("numbers stay numbers") func numbers() {
        #expect(CSV().line([.integer(-5), .real(-0.5), .null, .bool(true)]) == "-5,-0.5,,true")
    }

    @Test("on a terminal texts are printable") func terminal() {
        #expect(CSV(isForTerminal: true).line([.text("a\u{1B}[2J\nb\u{202E}")]) == "a\u{FFFD}[2J\u{FFFD}b\u{FFFD}")
        #expect(CSV().line([.text("a\u{1B}b")]) == "a\u{1B}b")
    }
}
