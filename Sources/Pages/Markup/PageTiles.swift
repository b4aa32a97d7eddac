import HTML
import JSON
import Query
import Report

/// The totals of a period as large numbers, and what else its answer says.
struct PageTiles {
    /// The answer of `customs summary`.
    let json: JSON

    var markup: Markup {
        let change = json.member("against")?.member("change") ?? .null
        let tiles = (json.member("totals")?.members ?? []).map { total in
            tile(
                PageNumbers.short(total.value), ReportCell.heading(total.key),
                change.member(total.key)?.member("percent")?.number)
        }
        let loss = json.member("quality")?.member("loss_upper_95")?.number.map { bound in
            tile("≤ " + PageNumbers.percent(bound), "of records lost (95 % confidence)", nil)
        }
        return .element("div", [.element("dl", ["class": "tiles"], tiles + (loss.map { [$0] } ?? [])).line] + period)
    }

    private func tile(_ number: String, _ text: String, _ change: Double?) -> Markup {
        let changed = change.map { [Markup.element("dd", ["class": "change"], [.text(PageNumbers.change($0))])] } ?? []
        return .element("div", [.element("dt", [.text(text)]), .element("dd", [.text(number)])] + changed).line
    }

    private var period: [Markup] {
        guard let period = json.member("period"), let since = period.member("since"), let until = period.member("until")
        else { return [] }
        var text = "\(since.plain) to \(until.plain)"
        if period.member("complete") == .bool(false) { text += "; not complete" }
        if let before = json.member("against")?.member("period") {
            text += "; compared with \(before.member("since")?.plain ?? "") to \(before.member("until")?.plain ?? "")"
        }
        return [Markup.element("p", ["class": "note"], [.text(text)]).line]
    }
}

/// What an answer says of one thing: all that is no list.
struct PageFacts {
    let json: JSON
    let links: CellLinks

    var markup: Markup {
        let facts = json.members.compactMap { member -> Markup? in
            switch member.value {
            case .null, .array: return nil
            case .object where member.value.members.isEmpty: return nil
            default: break
            }
            var value: [Markup] = [.text(text(member.value))]
            if let address = links.address(of: member.value, in: member.key), !member.key.hasPrefix("job") {
                value = [.element("a", ["href": address], value)]
            }
            return .element(
                "div", [.element("dt", [.text(PageFacts.heading(member.key))]), .element("dd", value)]
            ).line
        }
        return .element("dl", ["class": "facts"], facts).line
    }

    private static func heading(_ name: String) -> String {
        switch name {
        case "job_id": "Job"
        case "username": "User"
        case "num_nodes": "Nodes"
        case "num_tasks": "Tasks"
        case "alloc_cpus": "CPUs"
        case "cpu_seconds": "CPU seconds"
        case "gpus": "GPUs"
        case "req_mem": "Memory asked for, bytes"
        case "max_rss": "Largest memory, bytes"
        default: ReportCell.heading(name)
        }
    }

    private func text(_ value: JSON) -> String {
        guard case .object(let members) = value else { return PageTable.text(value) }
        return members.map { "\($0.key) \($0.value.cell)" }.joined(separator: ", ")
    }
}
