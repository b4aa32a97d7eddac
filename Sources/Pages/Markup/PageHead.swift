import HTML
import JSON
import Query

/// The navigation, the search, and the choice of a period.
struct PageHead {
    let path: String
    let options: [PageOption]
    let frame: PageFrame

    var markup: Markup {
        let kept = options.shared
        let entries = frame.entries.map { entry in
            let attributes: KeyValuePairs<StaticString, String> =
                entry.path == path
                ? ["href": entry.path + kept.query, "aria-current": "page"] : ["href": entry.path + kept.query]
            return Markup.element("li", [.element("a", attributes, [.text(entry.title)])])
        }
        let hidden = kept.map { Markup.void("input", ["type": "hidden", "name": $0.name, "value": $0.value ?? ""]) }
        let search = Markup.element(
            "form", ["action": "/search", "role": "search"],
            hidden + [
                .void(
                    "input",
                    [
                        "type": "search", "name": "q", "aria-label": "Search",
                        "placeholder": frame.linksPeople ? "package, job, user" : "package", "maxlength": "256",
                    ]), .element("button", [.text("Go")]),
            ])
        return .element(
            "header",
            [
                .element("span", ["class": "name"], [.text("Customs")]).line,
                .element("nav", ["aria-label": "Pages"], [.element("ul", entries)]).line, search.line,
            ]
        ).line
    }
}

/// The period and the filters of a page, each with links to other ones.
struct PageOptionsMarkup {
    let plan: PagePlan

    private static let periods = [
        ("7d", "7 days"), ("30d", "30 days"), ("90d", "90 days"), ("365d", "a year"), ("this-month", "this month"),
        ("last-month", "last month"),
    ]

    var markup: [Markup] {
        guard plan.panels.contains(where: { $0.question.command.sharedOptions.contains(.since) }) else { return [] }
        let others = plan.options.without("since", "until", "month")
        var links = PageOptionsMarkup.periods.map { value, title -> Markup in
            let option = PageOption(value.hasSuffix("month") ? "month" : "since", value)
            let isChosen = plan.options[option.name] == option && plan.options["until"] == nil
            return link(others.with(option), title, isChosen: isChosen)
        }
        let isAll = plan.options["since"] == nil && plan.options["until"] == nil && plan.options["month"] == nil
        // the overview is of 30 days at most, unless it is told
        if plan.path != "/" { links.append(link(others, "all", isChosen: isAll)) }
        let days = ["since", "until", "month"].compactMap { plan.options[$0] }
        let own = days.filter { day in !PageOptionsMarkup.periods.contains { $0.0 == day.value } }
        let chosen = (own + others.without("limit", "public", "min-users", "columns", "sort")).map { option in
            let text = option.value.map { "\(option.name): \(PageTable.text(.text($0)))" } ?? option.name
            return Markup.element(
                "li",
                [
                    .text(text + " "),
                    .element(
                        "a",
                        ["href": plan.address(plan.options.without(option.name)), "aria-label": "Without \(text)"],
                        [.text("✕")]),
                ])
        }
        let periods = Markup.element("nav", ["aria-label": "Period", "class": "periods"], [.element("ul", links)]).line
        return [periods] + (chosen.isEmpty ? [] : [.element("ul", ["class": "filters"], chosen).line])
    }

    private func link(_ options: [PageOption], _ title: String, isChosen: Bool) -> Markup {
        let address = plan.address(options)
        return .element(
            "li",
            [
                .element(
                    "a", isChosen ? ["href": address, "aria-current": "true"] : ["href": address], [.text(title)])
            ])
    }
}
