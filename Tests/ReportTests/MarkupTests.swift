import HTML
import Testing

@Suite struct MarkupTests {
    @Test("a text cannot become markup, nor end an attribute") func escaping() {
        let hostile = "<script>alert('x')</script>&\"\u{202E}\u{0}\n</title>"
        let source = Markup.element("p", ["title": hostile], [.text(hostile)]).source
        let escaped =
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;\u{FFFD}\u{FFFD}\u{FFFD}&lt;/title&gt;"
        #expect(source == "<p title=\"\(escaped)\">\(escaped)</p>")
    }

    @Test("letters of all scripts stay") func letters() {
        #expect(Markup.text("größe 数 é").source == "größe 数 é")
    }

    @Test("a document says its language") func document() {
        let page = Markup.document(language: "en", head: [.void("meta", ["charset": "utf-8"])], body: [.text("x")])
        #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n</head>"))
        #expect(page.hasSuffix("<body>x</body>\n</html>\n"))
    }
}
