import Query

/// A page: its title, and the questions whose answers it shows.
public struct PagePlan: Sendable, Hashable {
    public let title: String
    /// Of the page without its options; the navigation marks the entry of that path.
    public let path: String
    public let panels: [Panel]
    /// As the address gave them. Those that questions share are of all panels.
    public let options: [PageOption]

    public init(_ title: String, path: String, options: [PageOption], _ panels: [Panel]) {
        self.title = title
        self.path = path
        self.options = options
        self.panels = panels
    }

    /// The same page with other panels.
    public func with(panels: [Panel]) -> PagePlan { PagePlan(title, path: path, options: options, panels) }

    /// The address of this page with other options.
    public func address(_ options: [PageOption]) -> String { path + options.query }
}

extension PageQuestion {
    /// A question with those of a page's options that its command has.
    init(_ command: PageCommand, _ arguments: [String] = [], of options: [PageOption], _ own: [PageOption] = []) {
        let shared = Set(command.sharedOptions.map { $0.rawValue })
        let kept = options.filter { option in
            shared.contains(option.name) && !own.contains { $0.name == option.name }
        }
        self = PageQuestion(command, options: kept + own).naming(arguments)
    }
}
