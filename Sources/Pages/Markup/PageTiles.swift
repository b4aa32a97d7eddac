import HTML
import JSON
import Query
import Report

/// The totals of a period as large numbers, and what else its answer says.
struct PageTiles {
    /// The answer of `customs summary`.
    let json: JSON

    var markup: Markup {
        let change = json["against"]["change"]
        let tiles = json["totals"].members.map { total in
            tile(
                PageNumbers.short(total.value), ReportCell.heading(total.key),
                change[total.key]["percent"].number)
        }
        let loss = json["quality"]["loss_upper_95"].number.map { bound in
            tile("≤ " + PageNumbers.percent(bound), "of records lost (95 % confidence)", nil)
        }
        return .element("div", [.element("dl", ["class": "tiles"], tiles + (loss.map { [$0] } ?? [])).line] + period)
    }

    private func tile(_ number: String, _ text: String, _ change: Double?) -> Markup {
        let changed = change.map { [Markup.element("dd", ["class": "change"], [.text(PageNumbers.change($0))])] } ?? []
        return .element("div", [.element("dt", [.text(text)]), .element("dd", [.text(number)])] + changed).line
    }

    private var period: [Markup] {
        let period = json["period"]
        if period == .null { return [] }
        var text = "\(period["since"].plain) to \(period["until"].plain)"
        if period["complete"] == .bool(false) { text += "; not complete" }
        let before = json["against"]["period"]
        if before != .null { text += "; compared with \(before["since"].plain) to \(before["until"].plain)" }
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
