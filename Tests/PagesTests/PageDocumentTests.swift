import JSON
import Pages
import Query
import Testing

@Suite struct PageDocumentTests {
    private let frame = PageFrame(
        entries: PageEntry.allCases, linksPeople: true, asOf: "2026-11-29T23:41Z", lossBound: 0.000_123)

    private func page(_ name: String) -> String {
        let answer = Answer([name], [.text("package") { $0 }, .count("users", of: .users) { _ in 7 }], measure: .users)
        let plan = PagePlan.packages([PageOption("system", name)])
        return PageDocument.page(plan, [.answer(answer, remarks: [name], picture: nil)], frame)
    }

    @Test(
        "hostile names are shown, and do nothing",
        arguments: [
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='x", "</style><b>",
            "\u{202E}gpj.exe", "a\u{0}b", "javascript:alert(1)", String(repeating: "W", count: 4_000),
        ])
    func hostile(name: String) {
        let page = page(name)
        #expect(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"))
        #expect(!page.contains("\u{202E}") && !page.contains("\u{0}"))
        #expect(!page.contains("onmouseover='") && !page.contains("href=\"javascript"))
        #expect(page.utf8.count < 120_000)
    }

    @Test("each page says its time, and how much may be lost") func foot() {
        let page = page("cori")
        #expect(page.contains("2026-11-29T23:41Z") && page.contains("At most 0.02 % of all records were lost"))
        #expect(PageDocument.message("x", "y", frame).contains("2026-11-29T23:41Z"))
    }

    @Test("an answer has its files, its definition and its command beside it") func sources() {
        let page = page("cori")
        #expect(page.contains("href=\"/top.csv?system=cori&amp;limit=50\""))
        #expect(page.contains("href=\"/definitions#top\""))
        #expect(page.contains("customs top --system cori --limit 50"))
    }

    @Test("a link to another period keeps what is asked; a link to another page keeps the filters") func options() {
        let question = PageQuestion(
            .top, options: [PageOption("per", "user"), PageOption("since", "90d"), PageOption("system", "cori")])
        let page = PageDocument.page(.question(question), [.refused("")], frame)
        #expect(page.contains("href=\"/top?per=user&amp;system=cori&amp;since=7d\""))
        #expect(page.contains("href=\"/packages?since=90d&amp;system=cori\""))
        let accounts = PageDocument.page(
            .question(PageQuestion(.top, options: [PageOption("per", "account")])), [.refused("")], frame)
        #expect(accounts.contains("href=\"/accounts\" aria-current=\"page\""))
    }

    @Test("links lead to packages, and to people only for those who may see them") func links() {
        let answer = Answer(["alice"], [.text("username") { $0 }])
        let plan = PagePlan.question(PageQuestion(.who))
        var frame = frame
        #expect(
            PageDocument.page(plan, [.answer(answer, remarks: [], picture: nil)], frame).contains(
                "href=\"/user/alice\""))
        frame.linksPeople = false
        #expect(!PageDocument.page(plan, [.answer(answer, remarks: [], picture: nil)], frame).contains("/user/alice"))
    }

    @Test("every command has a definition on the page of definitions", arguments: PageCommand.allCases)
    func definitions(command: PageCommand) throws {
        let text = PageDocument.definitions(frame)
        let page = PageDocument.page(
            .question(PageQuestion(command)), [.refused("")], frame)
        let anchor = try #require(page.firstMatch(of: /definitions#([a-z0-9_-]+)"/)?.1)
        #expect(text.contains("id=\"\(anchor)\""), "\(anchor)")
    }

    @Test("the page of definitions is that of the documents") func document() {
        let text = PageDocument.definitions(frame)
        #expect(text.contains("<h1 id=\"questions-and-their-answers\">"))
        #expect(text.contains("<a href=\"/top?since=90d\"><code>customs top --since 90d</code></a>"))
        #expect(text.contains("href=\"/who?python=3.8&amp;since=90d\""))
        #expect(text.contains("href=\"/hosts?silent=7\""))
        #expect(!text.contains("|---") && !text.contains("```"))
    }
}
