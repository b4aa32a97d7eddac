import ArgumentParser
import Glibc
import HookTree
import JSON
import Processes
import Query
import Sockets

struct HookCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Run interpreters under the installed hook, and check that their records arrive.",
        discussion: prose(
            """
            Each interpreter is run with the present PYTHONPATH; the tree is put in front if it is missing there. It
            imports a stand-in for a watched package. This command receives its record, not the site's server.

            The answer says what keeps a record back, such as another sitecustomize in front of the hook. It says what
            the hook prints, and whether each start has to compile. It says whether the process leaves a trace for the
            case that it is killed, and removes it at its end. It says which files differ from those that were
            installed. Nothing is stored.

            EXAMPLES
              customs hook check
              customs hook check --prefix /opt/customs/hook --python /opt/bin/python3
              customs hook check --server unixgram:///tmp/s --format json

            EXIT STATUS
              0   the hook works
              1   a problem was found
              64  the command line is wrong, or there is no hook in that directory
            """))

    @Option(help: ArgumentHelp("Directory of the tree; by default the first one on PYTHONPATH.", valueName: "dir"))
    var prefix: String?

    @Option(
        help: ArgumentHelp("Interpreter to run; may be repeated. By default all that are found.", valueName: "exe"))
    var python: [String] = []

    @Option(help: ArgumentHelp("Address to receive on; by default a free port of loopback.", valueName: "url"))
    var server = "udp://127.0.0.1:0"

    @Option(help: "Maximum seconds for each interpreter and its record.")
    var timeout = 20

    @Option(help: "table (the default), json or csv.")
    var format: OutputFormat = .table

    func validate() throws {
        try format.refusePicture()
        if !(1...3600).contains(timeout) { throw ValidationError("--timeout \(timeout): from 1 to 3600 seconds") }
    }

    func run() throws {
        for entry in HookCheck.pythonPath.refused {
            printError(
                "customs: warning: users other than root can write to \(printable(entry)), so it is left out of "
                    + "PYTHONPATH here: run the check as the user whose PYTHONPATH it is")
        }
        let tree = try installedTree()
        let site = InstalledSite(text: try text(tree + "/sitecustomize.py"))
        let socket: DatagramSocket
        do { socket = try DatagramSocket(ListenAddress(server)) } catch { throw Failure(.usage, "\(error)") }
        defer { socket.removePath() }
        let search = python.isEmpty ? InterpreterSearch() : nil
        for line in search?.passedOver ?? [] { printError("customs: warning: \(line)") }
        let directory = try Files.makeOwnDirectory("/tmp/customs-check-")
        defer { try? Files.removeTree(directory) }
        guard let package = site.packages.first else {
            throw Failure(.usage, "\(tree) watches no package by its name, so it cannot be tried")
        }
        let environment = HookTrial.Environment(
            prefix: tree, search: HookCheck.search(tree), socket: socket, timeout: timeout, directory: directory,
            package: package, program: try text(tree + "/customs_hook/install/check.py"))
        let trials = Compilation(named: python, found: search?.found ?? []).results.map { HookTrial($0, environment) }
        var siteProblems: [String] = []
        for problem in trials.flatMap({ $0.siteProblems }) where !siteProblems.contains(problem) {
            siteProblems.append(problem)
        }
        siteProblems += TreeDigests.differences(in: tree)
        if trials.isEmpty { siteProblems.append("no interpreter was found: name one with --python") }
        try report(trials, siteProblems, tree, socket)
        for problem in siteProblems { printError("customs: \(printable(problem))") }
        for trial in trials {
            for problem in trial.problems {
                printError("customs: \(printable(trial.executable)): \(printable(problem))")
            }
        }
        if !siteProblems.isEmpty || trials.contains(where: { !$0.problems.isEmpty }) { throw ExitCode(1) }
    }

    private func installedTree() throws -> String {
        if let prefix {
            let path = Path.absolute(prefix)
            guard HookPlace.isHook(path) else { throw Failure(.usage, "--prefix \(prefix): there is no hook") }
            return path
        }
        guard let found = HookCheck.pythonPath.entries.first(where: HookPlace.isHook) else {
            throw Failure(.usage, "there is no hook on PYTHONPATH: name its directory with --prefix")
        }
        return Path.absolute(found)
    }

    /// The entries of `PYTHONPATH` in this process's environment, as absolute paths. For root, those are refused from
    /// which another user's code would run.
    private static var pythonPath: (entries: [String], refused: [String]) {
        let path = inheritedEnvironment().first { $0.hasPrefix("PYTHONPATH=") }?.dropFirst("PYTHONPATH=".count) ?? ""
        let entries = path.split(separator: ":").map { Path.absolute(String($0)) }
        guard geteuid() == 0 else { return (entries, []) }
        return (entries.filter(Files.isRootsAlone), entries.filter { !Files.isRootsAlone($0) })
    }

    /// `PYTHONPATH` in this process's environment, because entries before the hook matter. If the tree is missing from
    /// it, the tree is put first.
    private static func search(_ tree: String) -> String {
        let entries = pythonPath.entries
        let isThere = entries.contains(tree)
        return ((isThere ? [] : [tree]) + entries).joined(separator: ":")
    }

    private func text(_ path: String) throws -> String { String(decoding: try Files.contents(of: path), as: UTF8.self) }

    private func report(_ trials: [HookTrial], _ problems: [String], _ tree: String, _ socket: DatagramSocket) throws {
        let answer = HookTrial.answer(
            trials, prefix: tree, server: socket.address.description, problems: problems)
        try show(answer, as: format)
    }
}
