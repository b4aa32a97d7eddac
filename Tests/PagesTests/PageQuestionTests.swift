import Pages
import Testing

@Suite struct PageQuestionTests {
    @Test(
        "a name in an address is the same again, whatever it is",
        arguments: ["numpy", "astropy.io.fits", "a b", "100%", "ü/..", "<script>", "日本", "--help", "x.json", ""])
    func coding(name: String) { #expect(PercentCoding.decoded(PercentCoding.encoded(name)) == name) }

    @Test("addresses with what is no text are refused", arguments: ["%", "%4", "%zz", "%00", "a%00b", "%ff", "%c3%28"])
    func malformedCoding(text: String) { #expect(PercentCoding.decoded(text) == nil) }

    @Test("a plus is a space in a form alone") func plus() {
        #expect(PercentCoding.decoded("a+b", plusIsSpace: true) == "a b")
        #expect(PercentCoding.decoded("a+b") == "a+b")
    }

    @Test("no text from outside is taken for an option") func words() throws {
        let question = try PageQuestion(
            .package, arguments: ["--store=/etc/passwd"], options: [PageOption("system", "--help")])
        #expect(question.commandLine == ["package", "--system=--help", "--", "--store=/etc/passwd"])
        #expect(question.typed == "customs package --system --help -- --store=/etc/passwd")
    }

    @Test(
        "options that read files or start programs are none of a page's",
        arguments: [
            (PageCommand.top, "store"), (.top, "config"), (.top, "accounts"), (.top, "format"), (.who, "emails"),
            (.hosts, "nodes"), (.summary, "sacct"), (.top, "help"), (.top, "version"), (.jobsizes, "per"),
        ])
    func foreign(command: PageCommand, option: String) {
        #expect(throws: PageQuestion.Malformed.self) {
            try PageQuestion(command, arguments: [], options: [PageOption(option, "x")])
        }
    }

    @Test("a flag has no value, and another option has one") func values() {
        #expect(throws: PageQuestion.Malformed.self) {
            try PageQuestion(.top, arguments: [], options: [PageOption("direct", "1")])
        }
        #expect(throws: PageQuestion.Malformed.self) {
            try PageQuestion(.top, arguments: [], options: [PageOption("since", nil)])
        }
    }

    @Test("the command can be copied into a shell") func typed() {
        let question = PageQuestion(
            .who, options: [PageOption("python", "<3.9"), PageOption("system", "it's"), PageOption("direct", nil)])
        #expect(question.typed == "customs who --python '<3.9' --system 'it'\\''s' --direct")
        #expect(PageQuestion(.canaries).typed == "customs canary status")
    }

    @Test("a name that ends like a file has a page, too") func endings() throws {
        let question = try PageQuestion(.package, arguments: ["x.json"], options: [])
        #expect(question.path() == "/package/x.json.html")
        #expect(question.path(as: ".csv") == "/package/x.json.csv")
        #expect(PageFile.parted("x.json.html").name == "x.json")
        #expect(PageFile.parted("x.json.csv").name == "x.json" && PageFile.parted("x.json.csv").file == .csv)
        #expect(PageFile.parted("astropy.io.fits").file == nil)
    }
}
