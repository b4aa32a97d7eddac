import HTML
import JSON
import Plot
import Query

/// A panel with its answer, and the ways to the same answer elsewhere.
struct PanelMarkup {
    let panel: Panel
    let answer: PanelAnswer
    /// The panel's name within the page.
    let name: String
    let frame: PageFrame
    let links: CellLinks

    var markup: Markup {
        let heading = Markup.element("h2", ["id": name], [.text(panel.title)]).line
        let note = Markup.element("p", ["class": "note"], [.text(panel.note)]).line
        return .element(
            "section", ["aria-labelledby": name, "class": panel.isWide ? "panel wide" : "panel"],
            [heading, note] + content + [sources]
        ).line
    }

    /// The longest table of facts that is shown unasked.
    private static let mostRows = 12

    private var content: [Markup] {
        switch answer {
        case .refused(let why): return [Markup.element("p", ["class": "refused"], [.text(why)]).line]
        case .answer(let answer, let remarks, let picture):
            let shown = shown(answer, picture.map { [.picture(svg: $0.inline).line] } ?? [])
            return remarks.map { Markup.element("p", ["class": "remark"], [.text($0)]).line } + shown
        }
    }

    /// - Parameter picture: empty if it has none.
    private func shown(_ answer: Answer, _ picture: [Markup]) -> [Markup] {
        switch panel.form {
        case .tiles: return [PageTiles(json: answer.json).markup]
        case .table: return [table(answer)]
        case .picture: return picture.isEmpty ? [table(answer)] : picture + [folded(answer)]
        case .facts:
            let isLong = answer.rows.count > PanelMarkup.mostRows
            return [PageFacts(json: answer.json, links: links).markup, isLong ? folded(answer) : table(answer)]
        case .whole:
            return [PageFacts(json: answer.json, links: links).markup] + jobLinks(answer) + picture + [table(answer)]
        }
    }

    private func table(_ answer: Answer) -> Markup {
        if answer.rows.isEmpty { return Markup.element("p", ["class": "note"], [.text("Nothing to show.")]).line }
        let rows = panel.row.map { wanted in answer.rows.filter { $0.first == .text(wanted) } } ?? answer.rows
        return PageTable(caption: panel.title, columns: answer.columns, rows: rows, links: links).markup
    }

    private func folded(_ answer: Answer) -> Markup {
        .element("details", [.element("summary", [.text("As a table")]), table(answer)]).line
    }

    /// Links to other services' pages about the job.
    private func jobLinks(_ answer: Answer) -> [Markup] {
        let addresses = frame.jobLinks.map { link in
            Markup.element(
                "li",
                [
                    .element(
                        "a", ["href": link.address { answer.json[$0].plain }, "rel": "external"], [.text(link.title)])
                ])
        }
        return addresses.isEmpty ? [] : [.element("ul", ["class": "elsewhere"], addresses).line]
    }

    /// The answer as files, its definition, and the command.
    private var sources: Markup {
        let question = panel.question
        let hasPicture = PlottedQuestion(rawValue: question.command.rawValue) != nil
        let files = [PageFile.csv, .json] + (hasPicture ? [.svg] : [])
        let links = files.map { file in
            Markup.element("a", ["href": question.path(as: "." + file.rawValue)], [.text(file.rawValue.uppercased())])
        }
        let definition = Markup.element(
            "a", ["href": PageEntry.definitions.path + "#" + Definitions.anchor(of: question.command)],
            [.text("How it is counted")])
        let parts = (links + [definition]).map { Markup.element("li", [$0]) }
        return .element(
            "div", ["class": "sources"],
            [.element("ul", parts).line, .element("code", ["class": "command"], [.text(question.typed)]).line]
        ).line
    }
}

extension PageLink {
    /// The template with its words replaced by percent-encoded values.
    fileprivate func address(_ value: (String) -> String) -> String {
        var address = template
        for (word, key) in [("{job}", "job_id"), ("{cluster}", "cluster"), ("{user}", "username")] {
            address = address.replacing(word, with: PercentCoding.encoded(value(key)))
        }
        return address
    }
}

extension JSON {
    /// The members of an object; empty of anything else.
    var members: [Member] { if case .object(let members) = self { members } else { [] } }
}
