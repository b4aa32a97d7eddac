import ArgumentParser
import JSON
import Query
import Store

struct User: Question {
    static let configuration = CommandConfiguration(
        abstract: "One person: jobs, processes, packages, environments.",
        discussion: prose(
            """
            The CSV form has the list of packages only. Usage by staff is included, because the person is named.
            --direct leaves out packages, and changes neither processes nor environments; --limit cuts both lists.

            EXAMPLES
              customs user alice --since 30d
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: AnswerOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var packages: DirectOptions
    @OptionGroup var rows: LimitOptions

    @Argument(help: "The user's name.", completion: StoreCompletion.names(.user))
    var name: String

    func validate() throws { try form.form.format.refusePicture() }

    func answered(in context: QuestionContext) throws -> Answered {
        var asking = try Asking(
            store, selection.written + packages.written + rows.written, in: context, accounts: selection.charged)
        try asking.requireUser(name)
        let report = try UserReport.ask(asking.connection, asking.filter, username: name, limit: asking.limit)
        if report.processes == 0 { try asking.explainEmptyAnswer() }
        asking.noteUser(name)
        return asking.answered(report.answer, as: form) { text(report, for: $0) }
    }

    /// On a terminal the lists fit the screen, most used first.
    private func text(_ report: UserReport, for terminal: Terminal) -> String {
        let head = """
            \(printable(report.username)): \(JSON.integer(report.jobs).cell) jobs, \
            \(JSON.integer(report.processes).cell) processes
            """
        let lists = [("packages", report.packages), ("environments", report.environments)].map { name, names in
            let title = name + String(repeating: " ", count: User.indentation - name.count)
            let names = names.map { printable($0) }
            guard let columns = terminal.size?.columns else { return title + names.joined(separator: ", ") }
            let lines = User.folded(names, columns: max(20, columns - User.indentation))
            return title + lines.joined(separator: "\n" + String(repeating: " ", count: User.indentation))
        }
        return ([head] + lists).joined(separator: "\n")
    }

    private static let indentation = 14
    /// Lines of a list on a terminal: two lists and what is above them fit one of 24 rows.
    private static let mostLines = 8

    /// The names with commas between them, in a few lines; the last one says how many are missing.
    private static func folded(_ names: [String], columns: Int) -> [String] {
        var lines = [""]
        /// The place of the last line's first name.
        var start = 0
        for (place, name) in names.enumerated() {
            let rest = place == names.count - 1 ? "" : ","
            let fits = name.columns + rest.count <= columns
            let word = fits ? name + rest : name.prefix(columns: columns - rest.count - 1) + "…" + rest
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = word
            } else if last.columns + 1 + word.columns <= columns {
                lines[lines.count - 1] += " " + word
            } else if lines.count == mostLines {
                return lines.dropLast() + ["and \(names.count - start) more"]
            } else {
                lines.append(word)
                start = place
            }
        }
        return lines
    }
}
