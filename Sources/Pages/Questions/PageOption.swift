import Query

/// An option in the address of a page: the command line's, without the two dashes.
public struct PageOption: Sendable, Hashable {
    public let name: String
    /// nil for a flag.
    public let value: String?

    public init(_ name: String, _ value: String?) {
        self.name = name
        self.value = value
    }
}

extension [PageOption] {
    /// The value of an option; nil if it is not there.
    public subscript(name: String) -> PageOption? { first { $0.name == name } }

    /// The options with this one in the place of those of its name.
    public func with(_ option: PageOption) -> [PageOption] { without(option.name) + [option] }

    /// Those that questions share, without those that shape one answer: they go on to other pages.
    var shared: [PageOption] {
        filter { option in
            switch QuestionOption(rawValue: option.name) {
            case nil, .limit, .isPublic, .minUsers: false
            default: true
            }
        }
    }

    public func without(_ names: String...) -> [PageOption] { filter { !names.contains($0.name) } }

    /// The part of an address after the path: empty, or `?since=30d&direct`.
    public var query: String {
        if isEmpty { return "" }
        let parts = map { option in
            PercentCoding.encoded(option.name) + (option.value.map { "=" + PercentCoding.encoded($0) } ?? "")
        }
        return "?" + parts.joined(separator: "&")
    }
}
