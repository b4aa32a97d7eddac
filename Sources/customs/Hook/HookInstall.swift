import ArgumentParser
import HookTree
import JSON
import Processes
import Query

struct HookInstall: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Write the hook's tree, configured and compiled, and print the entry for PYTHONPATH.",
        discussion: prose(
            """
            The tree is prepared aside and moved to its place whole, so jobs may run while it is replaced. To change \
            anything, install again. docs/hook.md describes the format of both files.

            The tree is compiled for the named interpreters, else for those found: python3* and pypy3* on PATH, in \
            /usr/bin, /usr/local/bin, /opt/*/bin, /opt/python/*/bin, /opt/cray/pe/python/*/bin, and pyenv's.

            EXAMPLES
              customs hook install --prefix /opt/customs/hook \\
                  --server udp://192.0.2.1:5140
              customs hook install --prefix /opt/customs/hook \\
                  --server udp://192.0.2.1:5140 udp://192.0.2.2:5140 \\
                  --packages packages.txt --config site.conf \\
                  --python /usr/bin/python3 --python /opt/conda/bin/python
              customs hook install --prefix /opt/customs/hook \\
                  --config site.conf --dry-run --format json

            EXIT STATUS
              0   installed
              64  the command line, an address or a directory cannot be used
              66  there is no source to install from
              69  no interpreter works, a named one does not work, or a system call failed
              78  a file has errors; each is printed with its line
            """))

    @Option(help: ArgumentHelp("The tree's directory, on a file system that every node sees.", valueName: "dir"))
    var prefix: String

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Server: udp://ADDRESS:PORT (numeric) or unixgram:///PATH. Of several, each process takes one.",
            valueName: "url"))
    var server: [String] = []

    @Option(help: ArgumentHelp("List of packages to watch in addition to the built-in ones.", valueName: "file"))
    var packages: String?

    @Option(help: ArgumentHelp("Directory for traces of killed processes; '' for none.", valueName: "dir"))
    var traceDir: String?

    @Option(help: ArgumentHelp("File with lines KEY = VALUE for settings without a flag.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Interpreter to compile for; may be repeated.", valueName: "exe"))
    var python: [String] = []

    @Option(help: ArgumentHelp("File with users who are not recorded, one a line.", valueName: "file"))
    var optOutFile: String?

    @Option(help: ArgumentHelp("The tree to install from.", valueName: "dir"))
    var source: String?

    @Flag(help: "Check everything and write nothing.")
    var dryRun = false

    @Option(help: "table (the default: the line for PYTHONPATH) or json.")
    var format: OutputFormat = .table

    func validate() throws {
        try format.refusePicture()
        if format == .csv { throw ValidationError("--format csv: the output is one line; use table or json") }
    }

    func run() throws {
        let source = try HookSource(directory: source, program: ownPath())
        let place = try HookPlace(prefix: prefix, files: source.files)
        let search = python.isEmpty ? InterpreterSearch() : nil
        var compilation = Compilation(named: python, found: search?.found ?? [])
        guard let reader = compilation.reader else {
            for result in compilation.results { say(result) }
            throw Failure(.unavailable, "found no Python from 3.6 on: name one with --python")
        }
        let configured = try configure(source, reader)
        var warnings = place.warnings + (search?.passedOver ?? [])
        var files = source.files + place.kept
        if !dryRun {
            let staged = try StagedTree(for: place)
            do {
                try staged.write(source, configured: configured)
                compilation.compile(staged.directory, prefix: place.prefix) { printError("customs: \($0)") }
                guard compilation.hasCompiled else {
                    for result in compilation.results { say(result) }
                    throw Failure(.unavailable, "no interpreter could compile the tree; nothing has changed")
                }
                try staged.writeDigests()
                files = staged.files
                warnings += [try staged.putInPlace()].compactMap { $0 }
            } catch {
                staged.discard()
                throw error
            }
        }
        for result in compilation.results where dryRun || !result.isCompiled { say(result) }
        for name in place.kept { printError("customs: \(place.prefix)/\(name) is not the hook's, and is kept") }
        for warning in warnings { printError("customs: warning: \(warning)") }
        let servers = InstalledSite(text: String(decoding: configured, as: UTF8.self)).servers
        let facts: KeyValuePairs<String, JSON> = [
            "prefix": .text(place.prefix), "pythonpath": .text(place.prefix),
            "servers": .array(servers.map { .text($0) }),
            "interpreters": Answer(compilation.results, HookInstall.fields).json,
            "files": .array(files.sorted().map { .text($0) }), "warnings": .array(warnings.map { .text($0) }),
        ]
        try show(Answer(facts: facts), as: format) { _ in "PYTHONPATH=\(place.prefix)" }
        if !dryRun, !compilation.isGood { throw ExitCode(SystemExit.unavailable.rawValue) }
    }

    /// The text of the site's own `sitecustomize.py`. Errors in its files are shown to the user unchanged.
    private func configure(_ source: HookSource, _ reader: Interpreter) throws -> [UInt8] {
        var arguments = ["-I", "-S", "-B", source.path("customs_hook/install/configure.py")]
        arguments += ["--template", source.path("sitecustomize.py")]
        // with '=', so that a value may begin with a dash
        arguments += server.map { "--server=\($0)" }
        for (flag, value) in [
            ("packages", packages.map(Path.absolute)), ("config", config.map(Path.absolute)),
            ("trace-dir", traceDir), ("opt-out-file", optOutFile),
        ] {
            arguments += value.map { ["--\(flag)=\($0)"] } ?? []
        }
        let outcome: Program.Outcome
        do throws(ProgramError) {
            outcome = try Program(reader.executable, arguments, environment: Interpreter.environment()).run()
        } catch {
            throw HookTreeError(error)
        }
        guard let status = outcome.status, status == 0 || status == 64 || status == 78 else {
            throw Failure(
                .software, "\(reader.executable) configure.py: \(outcome.complaint ?? "")\n\(outcome.errorText)")
        }
        writeToStandardError(printableLines(outcome.errorText))
        if status != 0 { throw ExitCode(status) }
        return outcome.output
    }

    /// Prints the result for an interpreter.
    private func say(_ result: Compilation.Result) {
        let name = printable(result.executable)
        if let error = result.error { return printError("customs: \(name): \(error)") }
        guard let interpreter = result.interpreter else { return }
        let kind = "\(interpreter.implementation) \(interpreter.version)"
        let state = interpreter.isRecorded ? "" : ": silent, because the hook records from 3.6 on"
        printError("customs: \(name): \(kind)\(state)")
    }

    private static let fields: [Field<Compilation.Result>] = [
        .text("executable") { $0.executable }, .text("version") { $0.interpreter?.version },
        .text("implementation") { $0.interpreter?.implementation }, .text("tag") { $0.interpreter?.tag },
        .flag("compiled") { $0.isCompiled }, .text("error") { $0.error },
    ]
}
