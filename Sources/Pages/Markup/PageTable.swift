import HTML
import JSON
import Query
import Report

/// A table of a page.
struct PageTable {
    let caption: String
    let columns: [Column]
    let rows: [[JSON]]
    let links: CellLinks

    /// The largest number of rows: a page stays small, and the files have them all.
    private static let mostRows = 500
    /// The largest number of characters of a text that the page itself shows.
    private static let longestText = 200

    var markup: Markup {
        let isNumeric = columns.indices.map { place in
            rows.contains { $0[place].number != nil } && rows.allSatisfy { $0[place].isNumber }
        }
        let head = columns.indices.map { place in
            Markup.element(
                "th", isNumeric[place] ? ["scope": "col", "class": "number"] : ["scope": "col"],
                [.text(ReportCell.heading(columns[place].heading))])
        }
        let body = rows.prefix(PageTable.mostRows).map { row in
            Markup.element("tr", columns.indices.map { cell(row[$0], $0, isNumeric: isNumeric[$0]) }).line
        }
        let table = Markup.element(
            "table",
            [
                .element("caption", [.text(caption)]), .element("thead", [.element("tr", head)]).line,
                .element("tbody", body).line,
            ])
        let left = rows.count - PageTable.mostRows
        let rest =
            left > 0
            ? [Markup.element("p", ["class": "note"], [.text("\(left) more rows are in the files.")]).line] : []
        // on a small screen the table scrolls by itself, by keys too
        let region: KeyValuePairs<StaticString, String> = [
            "class": "scroll", "role": "region", "aria-label": "Table: \(caption)", "tabindex": "0",
        ]
        return .element("div", [.element("div", region, [table]).line] + rest)
    }

    private func cell(_ value: JSON, _ place: Int, isNumeric: Bool) -> Markup {
        var content: [Markup] = [.text(PageTable.text(value))]
        if let address = links.address(of: value, in: columns[place].name) {
            content = [.element("a", ["href": address], content)]
        }
        let kind: KeyValuePairs<StaticString, String> = isNumeric ? ["class": "number"] : [:]
        return place == 0
            ? .element("th", isNumeric ? ["scope": "row", "class": "number"] : ["scope": "row"], content)
            : .element("td", kind, content)
    }

    /// A time without seconds; any other text as it is.
    private static func minute(_ text: String) -> String {
        guard text.utf8.count == "2026-11-29T23:41:07.000000Z".utf8.count,
            text.wholeMatch(of: /[0-9-]{10}T[0-9:.]{15}Z/) != nil
        else { return text }
        return text.prefix(10) + " " + text.dropFirst(11).prefix(5) + " UTC"
    }

    /// A value as a page shows it.
    static func text(_ value: JSON) -> String {
        let text = PageTable.minute(value.cell)
        return text.count > longestText ? text.prefix(longestText - 1) + "…" : text
    }
}
