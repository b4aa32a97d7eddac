import HTML
import JSON
import Query

/// Links from the cells of a table to the pages about what they name.
public struct CellLinks: Sendable {
    /// The options that go on to the linked page.
    let options: [PageOption]
    let linksPeople: Bool

    public init(options: [PageOption], linksPeople: Bool) {
        self.options = options
        self.linksPeople = linksPeople
    }

    private static let packages: Set<String> = ["package", "a", "b"]

    /// The address of the page about a value; nil if there is none.
    func address(of value: JSON, in column: String) -> String? {
        if case .text(let name) = value { address(of: name, in: column) } else { nil }
    }

    /// The same of a name.
    public func address(of name: String, in column: String) -> String? {
        guard !name.isEmpty, name.utf8.count < 1_000 else { return nil }
        let kept = options.shared.without("user")
        switch column {
        case _ where CellLinks.packages.contains(column): return page("package", name, kept)
        case "user", "username": return linksPeople ? page("user", name, kept) : nil
        case "job_id": return linksPeople ? page("job", name, []) : nil
        case "stack": return page("stack", name, kept)
        case "account": return linksPeople ? "/packages" + kept.with(PageOption("account", name)).query : nil
        case "python":
            return linksPeople ? "/who" + kept.with(PageOption("python", name)).query : nil
        case "prefix":
            // an asterisk would stand for any text
            return linksPeople && !name.contains("*") ? "/who" + kept.with(PageOption("prefix", name)).query : nil
        default: return nil
        }
    }

    private func page(_ kind: String, _ name: String, _ options: [PageOption]) -> String {
        let ending = PageFile.ending(of: name) == nil ? "" : ".html"
        return "/\(kind)/" + PercentCoding.encoded(name) + ending + options.query
    }
}
