import Processes

/// A Python interpreter, as it describes itself.
public struct Interpreter: Sendable, Equatable {
    /// The path as it was named or found.
    public let executable: String
    /// The path without symbolic links and wrappers.
    public let path: String
    /// For example "3.11.7".
    public let version: String
    /// For example "cpython".
    public let implementation: String
    /// The tag in the names of its compiled files; empty before 3.2.
    public let tag: String
    /// The first bytes of its compiled files, in hexadecimal digits.
    public let magic: String

    /// Whether the hook records on this interpreter, so that the tree must be compiled for it.
    public var isRecorded: Bool {
        let parts = version.split(separator: ".").map { Int($0) ?? 0 }
        return !tag.isEmpty && parts.count >= 2 && (parts[0], parts[1]) >= (3, 6)
    }

    public init(
        executable: String, path: String, version: String, implementation: String, tag: String, magic: String
    ) {
        self.executable = executable
        self.path = path
        self.version = version
        self.implementation = implementation
        self.tag = tag
        self.magic = magic
    }

    /// Asks an interpreter for its version and format.
    public static func ask(_ executable: String) throws(HookTreeError) -> Interpreter {
        let program = Program(
            executable, ["-E", "-s", "-S", "-B", "-c", question], environment: environment(), timeout: 60)
        let outcome: Program.Outcome
        do throws(ProgramError) { outcome = try program.run() } catch { throw HookTreeError(error) }
        if let complaint = outcome.complaint { throw .refused(complaint) }
        for line in outcome.outputText.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            if fields.count == 6, fields[0] == mark {
                return Interpreter(
                    executable: executable, path: fields[1], version: fields[2], implementation: fields[3],
                    tag: fields[4], magic: fields[5])
            }
        }
        throw .refused("it does not answer like a Python")
    }

    /// The environment for an interpreter that we start: without settings of Python or the hook, and outside of any
    /// job.
    public static func environment() -> [String] {
        let own = ["PYTHON", "CUSTOMS_", "LC_ALL=", "SLURM", "OMPI_", "PMI", "PALS_", "MV2_", "FLUX_", "JSM_", "ALPS_"]
        return inheritedEnvironment().filter { entry in !own.contains { entry.hasPrefix($0) } } + ["LC_ALL=C.UTF-8"]
    }

    private static let mark = "customs-interpreter"
    // works on any Python from 2.6 on, which has no -I until 3.4: so the working directory leaves the search here; a
    // wrapper may print lines of its own
    private static let question = """
        import sys
        sys.path = [entry for entry in sys.path if entry.startswith("/")]
        import os, binascii
        try:
            from importlib.util import MAGIC_NUMBER as magic
        except ImportError:
            import imp
            magic = imp.get_magic()
        made = getattr(sys, "implementation", None)
        print("\\t".join(["\(mark)", os.path.realpath(sys.executable), "%d.%d.%d" % tuple(sys.version_info[:3]),
            getattr(made, "name", "cpython"), getattr(made, "cache_tag", None) or "",
            binascii.hexlify(magic).decode("ascii")]))
        """
}
