import ArgumentParser
import JSON
import Query
import Store

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "All usage as CSV or JSON lines, one row for each run and package.",
        discussion: prose(
            """
            The output is for DuckDB, pandas or R (docs/questions.md shows how). The command reads 2,000 runs at a
            time, so ten years need no more memory than a day. A run stands for equal processes of one day, and
            'processes' is their number. Add these numbers up to count processes. To count users and jobs, count
            different usernames and (cluster, job_id, restart, recurrence).

            EXAMPLES
              customs export --since 2026-01-01 --until 2026-03-31 > usage.csv
              customs export --format jsonl --direct | zstd > usage.jsonl.zst
            """))

    @Option(help: "csv (the default), or jsonl (also written json): a line of JSON for each row.")
    var format: Form = .csv

    @Flag(help: ArgumentHelp(FormatOptions.rawHelp))
    var raw = false

    enum Form: String, CaseIterable, ExpressibleByArgument {
        case csv, jsonl, json

        var answer: UsageExport.Form { self == .csv ? .csv : .jsonl }
    }

    @OptionGroup var store: StoreOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var person: PersonOptions
    @OptionGroup var staff: StaffOptions
    @OptionGroup var packages: DirectOptions
    @OptionGroup var rows: LimitOptions

    func run() throws {
        let asking = try Asking(
            store, selection.written + person.written + staff.written + packages.written + rows.written,
            accounts: selection.charged)
        let progress = ProgressLine(name: "exporting")
        let csv = CSV(isRaw: raw, isForTerminal: Terminal.isOutput)
        var out = OutputBuffer()
        // from then on the progress line shows that it works
        var hasRows = false
        defer { Spinner.stop() }
        if let heading = UsageExport.heading(as: format.answer) { out.add(heading) }
        try UsageExport.run(asking.connection, asking.filter, limit: asking.limit, progress: progress.show) { row in
            if !hasRows { Spinner.stop() }
            hasRows = true
            out.add(UsageExport.line(row, as: format.answer, csv: csv))
            try out.flush(above: 1 << 16)
        }
        try out.flush(above: 0)
        progress.clear()
        if !hasRows { try asking.explainEmptyAnswer() }
    }
}

/// Lines that wait to be written to standard output.
private struct OutputBuffer {
    private var bytes: [UInt8] = []

    mutating func add(_ line: String) {
        bytes.append(contentsOf: line.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    mutating func flush(above size: Int) throws {
        guard bytes.count > size else { return }
        try bytes.withUnsafeBytes { try StandardOutput.write($0) }
        bytes.removeAll(keepingCapacity: true)
    }
}
