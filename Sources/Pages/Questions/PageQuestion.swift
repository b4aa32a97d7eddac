import Query

/// A question of a page. The command line asks the same with the same options.
public struct PageQuestion: Sendable, Hashable {
    public let command: PageCommand
    public let arguments: [String]
    public let options: [PageOption]

    /// Why an address is no question.
    public struct Malformed: Error, Equatable {
        public let reason: String
    }

    /// A question of the program's own.
    public init(_ command: PageCommand, _ arguments: String..., options: [PageOption] = []) {
        self.command = command
        self.arguments = arguments
        self.options = options
    }

    /// A question from outside.
    ///
    /// - Throws: `Malformed` if the command has no such option for pages, or another number of arguments.
    public init(
        _ command: PageCommand, arguments: [String], options: [PageOption]
    ) throws(Malformed) {
        guard command.arguments.contains(arguments.count) else {
            throw Malformed(reason: "\(command.rawValue) has another number of names")
        }
        let known = command.options
        for option in options {
            guard known.contains(option.name) else {
                throw Malformed(reason: "\(command.rawValue) has no option '\(option.name)' on a page")
            }
            if PageCommand.isFlag(option.name) != (option.value == nil) {
                let form = option.value == nil ? "needs a value" : "has no value"
                throw Malformed(reason: "\(option.name) \(form)")
            }
        }
        self.command = command
        self.arguments = arguments
        self.options = options
    }

    private init(_ command: PageCommand, _ arguments: [String], _ options: [PageOption]) {
        self.command = command
        self.arguments = arguments
        self.options = options
    }

    /// The question with an option in the place of those of its name.
    public func with(_ option: PageOption) -> PageQuestion {
        PageQuestion(command, arguments, options.with(option))
    }

    /// The question about other names.
    func naming(_ arguments: [String]) -> PageQuestion { PageQuestion(command, arguments, options) }

    /// The words of the command line after `customs`. An option and its value are one word, and names come behind
    /// `--`, so that no text from outside can be taken for an option.
    public var commandLine: [String] {
        command.words + options.map { "--" + $0.name + ($0.value.map { "=" + $0 } ?? "") }
            + (arguments.isEmpty ? [] : ["--"] + arguments)
    }

    /// The command for a person to copy.
    public var typed: String {
        let options = options.flatMap { ["--" + $0.name] + ($0.value.map { [PageQuestion.quoted($0)] } ?? []) }
        let names = arguments.contains { $0.hasPrefix("-") } ? ["--"] + arguments : arguments
        return
            (["customs"] + command.words
            + (names == arguments
                ? names.map(PageQuestion.quoted) + options
                : options + names.map(PageQuestion.quoted)))
            .joined(separator: " ")
    }

    /// The path of its page, or with an ending that of its file.
    public func path(as ending: String = "") -> String {
        let names = arguments.map { PercentCoding.encoded($0) }
        var path = "/" + ([command.rawValue] + names).joined(separator: "/")
        if ending.isEmpty, let last = arguments.last, PageFile.ending(of: last) != nil { path += ".html" }
        return path + ending + options.query
    }

    /// A word for a shell (POSIX, section 2.2.2).
    private static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_./:@%+=,".utf8.contains(byte)
                }
            }
        return isPlain
            ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
