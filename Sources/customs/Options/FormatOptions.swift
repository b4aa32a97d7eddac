import ArgumentParser
import JSON
import Query

/// The options for the format of answers.
struct FormatOptions: ParsableArguments {
    @Option(help: "table (the default), json, csv, jsonl: a line of JSON for each row; or svg, if it has a picture.")
    var format: OutputFormat = .table

    @Flag(help: "Plain output on a terminal too: no bars, no pager, no lines cut to its width.")
    var plain = false

    @Flag(help: ArgumentHelp(FormatOptions.rawHelp))
    var raw = false

    static let rawHelp = "In CSV, no ' before texts that a spreadsheet would take for formulas."
}

/// The options for the format of an answer about usage.
struct AnswerOptions: ParsableArguments {
    @OptionGroup var form: FormatOptions

    @Flag(
        help: """
            With --format json: the answer as 'rows' of an object that also has the period, the filters, the totals \
            and the quality of the data.
            """)
    var envelope = false

    @Flag(
        inversion: .prefixedNo,
        help: """
            Lines above a table: period, filters, totals, loss of records. On a terminal they are there unless \
            --no-head or --plain is given, with totals where the question took 0.1 s at most.
            """)
    var head: Bool?

    func validate() throws {
        if envelope && form.format != .json { throw ValidationError("--envelope: needs --format json") }
        if head == true && form.format != .table {
            throw ValidationError("--head: only above a table; --format json --envelope says as much")
        }
    }

    /// Whether there are lines above the answer.
    var hasHead: Bool { form.format == .table && head ?? (!form.plain && Terminal.isOutput) }
}

/// The options for the format of an answer with many rows.
struct RowOptions: ParsableArguments {
    @OptionGroup var answer: AnswerOptions

    @Option(help: ArgumentHelp("Only these columns, in this order: users,jobs.", valueName: "names"))
    var columns: String?

    @Option(
        help: ArgumentHelp(
            "Sort by this column, numbers from the largest down; NAME:asc and NAME:desc say how.", valueName: "column"))
    var sort: String?

    func validate() throws { _ = try shape }

    var shape: AnswerShape {
        get throws {
            let names = columns?.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
            if let names, names.contains("") {
                throw ValidationError("--columns '\(columns ?? "")': names one after the other, as in users,jobs")
            }
            let order = sort.map { AnswerShape.Order($0) }
            if case .some(nil) = order {
                throw ValidationError("--sort '\(sort ?? "")': write COLUMN, COLUMN:asc or COLUMN:desc")
            }
            return AnswerShape(columns: names, order: order ?? nil)
        }
    }
}

enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, csv, jsonl
    /// A picture, of questions that have one.
    case svg

    /// nil for the table and the picture, which people read.
    var form: Answer.Form? { Answer.Form(rawValue: rawValue) }
}
