import HTML
import JSON
import Query

/// The HTML of pages. It has no script, no style of its own and no address of another place.
public enum PageDocument {
    /// A page with the answers to its questions.
    ///
    /// - Parameter answers: in the order of the plan's panels.
    public static func page(_ plan: PagePlan, _ answers: [PanelAnswer], _ frame: PageFrame) -> String {
        let panels = zip(plan.panels, answers).enumerated().map { place, panel in
            PanelMarkup(
                panel: panel.0, answer: panel.1, name: "p\(place + 1)", frame: frame,
                links: CellLinks(options: plan.options, linksPeople: frame.linksPeople)
            ).markup
        }
        let heading = Markup.element("h1", [.text(plan.title)]).line
        return document(
            plan.title, path: plan.path, options: plan.options, frame,
            [heading] + PageOptionsMarkup(plan: plan).markup + [.element("div", ["class": "panels"], panels).line])
    }

    /// A page that says one thing, for instance why there is no other one.
    public static func message(_ title: String, _ text: String, _ frame: PageFrame) -> String {
        document(
            title, path: "", options: [], frame,
            [Markup.element("h1", [.text(title)]).line, Markup.element("p", [.text(text)]).line])
    }

    /// A page of addresses to choose from.
    public static func choices(
        _ title: String, _ text: String, _ links: [(path: String, text: String)], options: [PageOption],
        _ frame: PageFrame
    ) -> String {
        let list = Markup.element(
            "ul",
            links.map { .element("li", [.element("a", ["href": $0.path + options.query], [.text($0.text)])]).line })
        return document(
            title, path: "", options: options, frame,
            [Markup.element("h1", [.text(title)]).line, Markup.element("p", [.text(text)]).line]
                + (links.isEmpty ? [] : [list.line]))
    }

    /// The page of definitions.
    public static func definitions(_ frame: PageFrame) -> String {
        document(
            "How it is counted", path: PageEntry.definitions.path, options: [], frame,
            [.element("article", Definitions.markup).line])
    }

    private static func document(
        _ title: String, path: String, options: [PageOption], _ frame: PageFrame, _ content: [Markup]
    ) -> String {
        Markup.document(
            language: "en",
            head: [
                .void("meta", ["charset": "utf-8"]),
                .void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                .void("meta", ["name": "color-scheme", "content": "light dark"]),
                Markup.element("title", [.text(title + " · Customs")]).line,
                .void("link", ["rel": "stylesheet", "href": PageStyle.path]),
                // without it a browser asks for one
                .void("link", ["rel": "icon", "href": "data:,"]),
            ],
            body: [
                .element("a", ["class": "skip", "href": "#content"], [.text("To the content")]).line,
                PageHead(path: path, options: options, frame: frame).markup,
                .element("main", ["id": "content"], content).line, foot(frame),
            ])
    }

    private static func foot(_ frame: PageFrame) -> Markup {
        let loss =
            frame.lossBound.map { "At most \(PageNumbers.percent($0)) of all records were lost (95 % confidence)." }
            ?? "No canaries have measured the loss of records."
        let reader = frame.reader.map { [Markup.element("p", [.text("Signed in as \($0).")]).line] } ?? []
        return .element(
            "footer",
            [
                Markup.element(
                    "p",
                    [
                        .text("As of "), .element("time", ["datetime": frame.asOf], [.text(frame.asOf)]), .text(". "),
                        .text(loss), .text(" "),
                        .element("a", ["href": PageEntry.definitions.path], [.text("How it is counted")]),
                    ]
                ).line
            ] + reader
        ).line
    }
}

extension Markup {
    static func element(_ name: StaticString, _ content: [Markup]) -> Markup { element(name, [:], content) }
}
