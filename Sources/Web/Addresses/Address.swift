import Pages
import Query

/// What an address asks for.
package enum Target: Sendable, Hashable {
    case page(PagePlan)
    case file(PageQuestion, PageFile)
    case definitions
    case style
    case search(String, [PageOption])
    case metrics
}

/// Why an address has no page.
package struct AddressError: Error, Equatable {
    package enum Kind: Sendable, Equatable {
        /// 400
        case malformed
        /// 404
        case unknown
    }

    package let kind: Kind
    package let reason: String

    static let unknown = AddressError(kind: .unknown, reason: "There is no such page.")

    static func malformed(_ reason: String) -> AddressError { AddressError(kind: .malformed, reason: reason) }
}

/// The paths of all pages and files.
package enum Address {
    /// The largest number of bytes of an address.
    static let longest = 4_096

    /// - Parameters:
    ///   - path: as it came, percent-encoded.
    ///   - query: what comes after `?`; nil if there is none.
    ///   - isPublic: whether only what may be published can be shown.
    package static func target(path: String, query: String?, isPublic: Bool) throws(AddressError) -> Target {
        guard path.utf8.count + (query?.utf8.count ?? 0) <= longest else {
            throw .malformed("The address is too long.")
        }
        var names: [String] = []
        for part in path.split(separator: "/") {
            guard let name = PercentCoding.decoded(part) else {
                throw .malformed("The address has a name that is no UTF-8.")
            }
            names.append(name)
        }
        let options = try options(query ?? "")
        guard let last = names.last else { return .page(.overview(try shared(options), isPublic: isPublic)) }
        if path == PageStyle.path { return .style }
        let (name, file) = PageFile.parted(last)
        names[names.count - 1] = name
        let kind = names.removeFirst()
        if let file { return .file(try question(kind, names, options), file) }
        switch (kind, names.count) {
        case ("definitions", 0): return .definitions
        case ("metrics", 0): return .metrics
        case ("search", 0): return .search(options["q"]?.value ?? "", try shared(options.without("q")))
        case ("packages", 0): return .page(.packages(try shared(options)))
        case ("package", 1): return .page(.package(names[0], try shared(options)))
        case ("user", 1): return .page(.user(names[0], try shared(options)))
        case ("stack", 1): return .page(.stack(names[0], try shared(options)))
        case ("job", 1): return .page(.job(names[0], try question(kind, names, options).options))
        default: return .page(.question(try question(kind, names, options)))
        }
    }

    private static func question(
        _ kind: String, _ names: [String], _ options: [PageOption]
    ) throws(AddressError) -> PageQuestion {
        var options = options
        var kind = kind
        switch kind {
        case "packages": kind = "top"
        case "together": kind = "correlate"
        case "accounts":
            kind = "top"
            if options["per"] == nil { options.append(PageOption("per", "account")) }
        default: break
        }
        guard let command = PageCommand(rawValue: kind) else { throw .unknown }
        do throws(PageQuestion.Malformed) {
            return try PageQuestion(command, arguments: names, options: options)
        } catch {
            if !command.arguments.contains(names.count) { throw .unknown }
            throw .malformed("\(error.reason).")
        }
    }

    /// The options of a page with several questions.
    private static func shared(_ options: [PageOption]) throws(AddressError) -> [PageOption] {
        for option in options {
            guard let known = QuestionOption(rawValue: option.name) else {
                throw .malformed("There is no option '\(option.name)' on this page.")
            }
            if known.isFlag != (option.value == nil) {
                throw .malformed("\(option.name) \(known.isFlag ? "has no value" : "needs a value").")
            }
        }
        return options
    }

    /// The options of a query. Each may be there once.
    private static func options(_ query: String) throws(AddressError) -> [PageOption] {
        var options: [PageOption] = []
        for part in query.split(separator: "&") {
            let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decoded(words[0], plusIsSpace: true),
                let value = PercentCoding.decoded(words.count > 1 ? words[1] : "", plusIsSpace: true)
            else { throw .malformed("The address has an option that is no UTF-8.") }
            if options[name] != nil { throw .malformed("The option '\(name)' is there twice.") }
            // a form writes a flag as `direct=`
            let isFlag = PageCommand.isFlag(name) && value.isEmpty
            if value.isEmpty, !isFlag, name != "q" { throw .malformed("The option '\(name)' needs a value.") }
            options.append(PageOption(name, isFlag ? nil : value))
        }
        return options
    }
}
