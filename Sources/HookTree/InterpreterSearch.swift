import Glibc
import Processes

/// Searches a machine for interpreters that the user did not name.
public struct InterpreterSearch: Sendable {
    /// The interpreters' paths, each file once.
    public private(set) var found: [String] = []
    /// The files that were skipped, with the reason.
    public private(set) var passedOver: [String] = []

    /// - Parameter directories: the directories to search; nil for the usual places.
    public init(directories: [String]? = nil, environment: [String] = inheritedEnvironment()) {
        var seen: Set<String> = []
        for directory in directories ?? InterpreterSearch.places(environment) {
            for name in Files.entries(of: directory) ?? [] where InterpreterSearch.isInterpreter(name) {
                let path = directory + "/" + name
                guard access(path, X_OK) == 0, let file = Files.status(path), file.isFile,
                    seen.insert(file.identity).inserted
                else { continue }
                // only root's and the user's own files are run, because the user may be root
                if file.st_uid == 0 || file.st_uid == geteuid() {
                    found.append(path)
                } else {
                    passedOver.append("\(path) belongs to uid \(file.st_uid) and was not run: name it with --python")
                }
            }
        }
    }

    /// Whether a file's name is that of a Python 3: `python3`, `python3.13t`, `pypy3.10`, but no `python3-config`.
    static func isInterpreter(_ name: String) -> Bool {
        guard let stem = ["python3", "pypy3"].first(where: name.hasPrefix) else { return false }
        var rest = name.dropFirst(stem.count)
        if rest.isEmpty { return true }
        guard rest.removeFirst() == "." else { return false }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        return !digits.isEmpty && rest.dropFirst(digits.count).allSatisfy { $0.isASCII && $0.isLowercase }
    }

    private static func places(_ environment: [String]) -> [String] {
        func value(_ name: String) -> String? {
            environment.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.utf8.count + 1)) }
        }
        // a shim in such a directory runs one of the other interpreters
        let path = (value("PATH") ?? "").split(separator: ":").map(String.init)
            .filter { $0.hasPrefix("/") && Path.name($0) != "shims" }
        let pyenv = value("PYENV_ROOT") ?? (value("HOME").map { $0 + "/.pyenv" } ?? "/.pyenv")
        var places = path + ["/usr/bin", "/usr/local/bin"]
        for above in ["/opt", "/opt/python", "/opt/cray/pe/python", pyenv + "/versions"] {
            places += (Files.entries(of: above) ?? []).map { "\(above)/\($0)/bin" }
        }
        return places
    }
}

/// The path of a program on PATH; nil if it is not there. Relative directories on PATH are passed over.
func onPath(_ program: String) -> String? {
    let path = inheritedEnvironment().first { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? ""
    let directories = path.split(separator: ":").filter { $0.hasPrefix("/") }
    return directories.lazy.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
}
