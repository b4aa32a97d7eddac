import JSON
import Query
import Record
import Report
import Testing

@Suite struct ReportPageTests {
    private struct Row {
        let name: String?
        let users: Int64
        let hours: Double
    }

    private static let october = Calendar.days(year: 2_026, month: 10, day: 1)

    private func report(
        _ rows: [Row] = [Row(name: "numpy", users: 1_234, hours: 2.25)], today: Int = october + 40,
        quality: ReportQuality = ReportQuality(), isPublic: Bool = false
    ) -> MonthlyReport {
        let answer = Answer(
            rows,
            [
                .text("package") { $0.name }, .count("users", of: .users) { $0.users },
                .number("node_hours", of: .nodeHours) { $0.hours }, .number("change") { _ in 3 },
                .flag("ended") { $0.users > 9 },
            ], measure: .users)
        let before = Period(Self.october - 30, Self.october - 1, today: today)
        let total = MonthlyReport.Total(
            name: "node_hours", value: .real(7_219.25), before: .real(7_000), change: .real(219.25),
            changePercent: .real(3.13))
        return MonthlyReport(
            made: today, isPublic: isPublic, filters: [JSON.Member("include_staff", .bool(false))],
            period: Period(Self.october, Self.october + 30, today: today), before: before, totals: [total],
            quality: quality, sections: [ReportSection(.packages, answer, limit: 20)])
    }

    @Test("the page is one file that runs and loads nothing") func oneFile() {
        let page = report().html
        #expect(page.contains("content=\"default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;"))
        for word in ["<script", "http://", "https://", "src=", "href=", "url(", "@import"] {
            #expect(!page.contains(word), "\(word)")
        }
    }

    @Test("tables have captions, and headings of columns and rows") func tables() {
        let page = report().html
        #expect(page.contains("<html lang=\"en\">"))
        #expect(page.contains("<h1>Use of Python in October 2026</h1>"))
        #expect(page.contains("<section aria-labelledby=\"packages\"><h2 id=\"packages\">Packages</h2>"))
        #expect(page.contains("<caption>All packages, most users first; before and change are the users of 2026-09-01"))
        #expect(page.contains("<th scope=\"col\" class=\"number\">Node hours</th>"))
        #expect(page.contains("<th scope=\"row\" class=\"text\">numpy</th>"))
        #expect(page.contains("<td class=\"number\"><data value=\"2.25\">2.3</data></td>"))
        #expect(page.contains("<data value=\"1234\">1,234</data>"))
        #expect(page.contains("<data value=\"3.0\">+3.0</data>"))
        #expect(page.contains("<th scope=\"row\" class=\"text\">Node hours</th>"))
        #expect(page.contains("<data value=\"7219.25\">7,219.3</data>"))
        #expect(page.contains("<span class=\"ended\">ended</span>"))
    }

    @Test("no text from outside becomes markup") func hostile() {
        let page = report([Row(name: "</table><script>\"'&\u{202E}", users: 1, hours: 0)]).html
        #expect(page.contains("&lt;/table&gt;&lt;script&gt;&quot;&#39;&amp;\u{FFFD}</th>"))
        #expect(!page.contains("<script"))
    }

    @Test("a name without end makes no large file") func longNames() {
        let rows = (0..<20).map { _ in Row(name: String(repeating: "\"", count: 100_000), users: 1, hours: 0) }
        #expect(report(rows).html.utf8.count < 50_000)
    }

    @Test("a month that is not over is marked, as is what it is compared with") func running() {
        let page = report(today: Self.october + 11).html
        #expect(page.contains("The period is not over: all numbers are of the days up to 2026-10-12."))
        #expect(page.contains("The period is not whole: it is not over."))
        #expect(!report().html.contains("not over"))
        #expect(report(today: Self.october - 3).html.contains("The period has not begun."))
        #expect(report(today: Self.october - 3).html.contains("The period that it is compared with is not over."))
    }

    @Test("the quality of the data is told") func quality() {
        let quality = ReportQuality(
            batches: 2, canaries: CanaryReport.Sample(expected: 1_000, received: 999),
            silentDays: [Self.october, Self.october + 1, Self.october + 9], silentHosts: 12)
        let page = report(quality: quality).html
        #expect(page.contains("1 of 1,000 test records were lost, 0.100 %; with 95 % confidence at most"))
        #expect(page.contains("No usage is known of 2026-10-01 to 2026-10-02, 2026-10-10."))
        #expect(page.contains("12 hosts have fallen silent"))
        #expect(report().html.contains("No canary batch of the period has ended"))
        #expect(report().html.contains("All days of the period are over"))
    }

    @Test("an empty report has no table") func empty() {
        let today = Self.october + 40
        let page = MonthlyReport(made: today, period: nil).html
        #expect(page.contains("The store has no usage yet.") && !page.contains("<table"))
        let month = MonthlyReport(made: today, period: Period(Self.october, Self.october + 30, today: today)).html
        #expect(month.contains("There is no usage in this period.") && !month.contains("<table"))
    }

    @Test("a report for publication says what it leaves out") func publication() {
        let page = report(isPublic: true).html
        #expect(page.contains("groups of fewer than 5 people are left out"))
        // changes of rounded totals are not told
        #expect(!page.contains("Change, %"))
    }
}
