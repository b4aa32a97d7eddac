import HTML
import JSON
import Query
import Record

extension MonthlyReport {
    /// The report as one file of HTML. It needs no other file and no script, asks for nothing over the network, and can
    /// be printed.
    public var html: String {
        Markup.document(
            language: "en",
            head: [
                .void("meta", ["charset": "utf-8"]),
                .void(
                    "meta",
                    [
                        "http-equiv": "Content-Security-Policy",
                        "content": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
                    ]), .void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                .void("meta", ["name": "referrer", "content": "no-referrer"]), Markup.element("title", [.text(title)]),
                .reportStyle,
            ], body: [.element("main", [head] + parts).line, foot])
    }

    private var head: Markup {
        var content: [Markup] = [Markup.element("h1", [.text(title)]).line]
        if let period {
            content.append(.element("p", ["class": "faint"], [.text(days(period))]).line)
        }
        for notice in notices { content.append(.element("p", ["class": "notice"], [.text(notice)]).line) }
        return .element("header", content).line
    }

    private func days(_ period: Period) -> String {
        ([period.description + ", days of UTC"] + conditions).joined(separator: "; ")
    }

    private var parts: [Markup] {
        let shown = tellingSections.map { section in
            part(
                section.name.rawValue, section.title, note: section.note,
                ReportTable(
                    caption: caption(of: section), columns: section.answer.columns, rows: section.answer.rows,
                    bars: section.answer.measure
                ).markup)
        }
        let quality = qualityNotes.map { Markup.element("p", [.text($0)]).line }
        return (totals.isEmpty ? [] : [totalsPart]) + shown
            + (quality.isEmpty ? [] : [part("quality", "Quality of the data", note: nil, quality)])
    }

    private var totalsPart: Markup {
        let answer = totalsAnswer
        let caption = before.map { "Compared with \($0)" } ?? "Of the whole period"
        return part(
            "totals", "Totals", note: nil,
            ReportTable(caption: caption, columns: answer.columns, rows: answer.rows.map(named)).markup)
    }

    /// The row of a total, with its name as a heading.
    private func named(_ row: [JSON]) -> [JSON] { [.text(ReportCell.heading(row[0].plain))] + row.dropFirst() }

    private func part(_ name: String, _ title: String, note: String?, _ content: Markup) -> Markup {
        part(name, title, note: note, [content])
    }

    private func part(_ name: String, _ title: String, note: String?, _ content: [Markup]) -> Markup {
        let heading = Markup.element("h2", ["id": name], [.text(title)]).line
        let notes = note.map { [Markup.element("p", ["class": "faint"], [.text($0)]).line] } ?? []
        return .element("section", ["aria-labelledby": name], [heading] + notes + content).line
    }

    private var foot: Markup {
        .element(
            "footer",
            [
                .element(
                    "p",
                    [
                        .text(
                            "Made by Customs on \(Calendar.text(day: made)). Users and jobs count once in each row;"
                                + " docs/questions.md defines each number.")
                    ])
            ]
        ).line
    }
}
