import ArgumentParser
import Query

/// How answers are printed.
struct FormatOptions: ParsableArguments {
    @Option(help: "table (the default), json, csv, or jsonl: a line of JSON for each row.")
    var format: OutputFormat = .table

    @Flag(help: "On a terminal too: no bars, no pager, no lines cut to its width.")
    var plain = false
}

enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, csv, jsonl

    /// nil for the table, which people read.
    var form: Answer.Form? { Answer.Form(rawValue: rawValue) }
}
