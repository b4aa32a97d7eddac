import HTML
import JSON
import Query

/// A table of a report.
struct ReportTable {
    let caption: String
    let columns: [Column]
    let rows: [[JSON]]
    /// The index of the column with bars.
    var bars: Int?

    var markup: Markup {
        let numeric = columns.indices.map { column in
            switch columns[column].kind {
            case .count, .number: true
            default: rows.contains { $0[column].number != nil } && rows.allSatisfy { $0[column].isNumber }
            }
        }
        let head = columns.indices.map { column in
            Markup.element(
                "th", ["scope": "col", "class": numeric[column] ? "number" : "text"],
                [.text(ReportCell.heading(columns[column].heading))])
        }
        let most = bars.map { bar in rows.compactMap { $0[bar].number }.max() ?? 0 } ?? 0
        let body = rows.map { row in
            Markup.element(
                "tr",
                columns.indices.map { cell(row[$0], $0, isNumeric: numeric[$0], most: $0 == bars ? most : 0) }
            ).line
        }
        let table = Markup.element(
            "table",
            [
                Markup.element("caption", [.text(caption)]).line,
                Markup.element("thead", [Markup.element("tr", head)]).line, Markup.element("tbody", body).line,
            ])
        // on a small screen the table scrolls by itself, by keys too
        return .element("div", ["class": "scroll", "role": "region", "aria-label": caption, "tabindex": "0"], [table])
            .line
    }

    /// - Parameter most: the largest number of the column; 0 for no bar.
    private func cell(_ value: JSON, _ column: Int, isNumeric: Bool, most: Double) -> Markup {
        let cell = ReportCell(value, in: columns[column].name)
        var content: [Markup] = [.text(cell.text)]
        if let number = cell.number { content = [.element("data", ["value": number], content)] }
        if case .bool(true) = value, columns[column].name == "ended" {
            content = [.element("span", ["class": "ended"], content)]
        }
        if most > 0, let number = value.number, number >= 0 {
            let percent = Int((number / most * 100).rounded())
            content.append(.element("span", ["class": "bar", "style": "width:\(percent)%"], []))
        }
        let kind = isNumeric ? "number" : "text"
        return column == 0
            ? .element("th", ["scope": "row", "class": kind], content) : .element("td", ["class": kind], content)
    }
}

extension Markup {
    static func element(_ name: StaticString, _ content: [Markup]) -> Markup { element(name, [:], content) }
}
