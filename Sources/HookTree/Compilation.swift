import Processes

/// The interpreters of a site, and whether a tree is compiled for each.
public struct Compilation: Sendable {
    public struct Result: Sendable {
        public let executable: String
        /// Nil if the interpreter did not answer.
        public let interpreter: Interpreter?
        public let wasNamed: Bool
        public internal(set) var isCompiled = false
        public internal(set) var error: String?
    }

    public private(set) var results: [Result] = []

    /// Asks each interpreter for its version and format. One interpreter with several names counts once.
    ///
    /// - Parameters:
    ///   - named: as the user gave them; an interpreter that fails counts as a failure.
    ///   - found: asked only if none was named.
    public init(named: [String], found: [String]) {
        var seen: Set<String> = []
        for executable in named.isEmpty ? found : named.map(Compilation.location) {
            var result: Result
            do {
                let interpreter = try Interpreter.ask(executable)
                guard seen.insert(Files.status(interpreter.path)?.identity ?? interpreter.path).inserted else {
                    continue
                }
                result = Result(executable: executable, interpreter: interpreter, wasNamed: !named.isEmpty)
                result.error = conflict(of: interpreter)
            } catch {
                result = Result(executable: executable, interpreter: nil, wasNamed: !named.isEmpty)
                result.error = error.reason
            }
            results.append(result)
        }
    }

    /// The interpreter that reads the configuration; nil if the hook records on none of them.
    public var reader: Interpreter? { results.lazy.compactMap { $0.interpreter }.first { $0.isRecorded } }

    /// Whether at least one interpreter has a compiled tree, and none that the user named has failed.
    public var isGood: Bool {
        results.contains { $0.isCompiled } && !results.contains { $0.wasNamed && $0.error != nil }
    }

    public var hasCompiled: Bool { results.contains { $0.isCompiled } }

    /// Makes each interpreter compile the tree. If one fails, the others go on.
    ///
    /// - Parameters:
    ///   - directory: the tree's present directory.
    ///   - prefix: the directory in which the tree will be installed.
    public mutating func compile(_ directory: String, prefix: String, progress: (String) -> Void) {
        var done: [String: String?] = [:]
        for index in results.indices where results[index].error == nil {
            guard let interpreter = results[index].interpreter, interpreter.isRecorded else { continue }
            if let earlier = done[interpreter.tag] {
                // interpreters with the same format share their compiled files
                results[index].error = earlier
            } else {
                progress(
                    "compiling for \(interpreter.executable) (\(interpreter.implementation) \(interpreter.version))")
                results[index].error = Compilation.compile(directory, prefix, interpreter)
                done[interpreter.tag] = .some(results[index].error)
            }
            results[index].isCompiled = results[index].error == nil
        }
    }

    private static func compile(_ directory: String, _ prefix: String, _ interpreter: Interpreter) -> String? {
        let program = Program(
            interpreter.executable,
            ["-I", "-S", "-B", directory + "/customs_hook/install/build.py", directory, prefix],
            environment: Interpreter.environment())
        do throws(ProgramError) { return try program.run().complaint } catch { return HookTreeError(error).reason }
    }

    /// Python finds compiled files by the tag. If two formats have the same tag, only the first can be installed.
    private func conflict(of interpreter: Interpreter) -> String? {
        let rival = results.compactMap { $0.interpreter }.first {
            interpreter.isRecorded && $0.tag == interpreter.tag && $0.magic != interpreter.magic
        }
        return rival.map {
            "its compiled files would have the same names as those of \($0.executable), but differ: each of its starts "
                + "compiles the hook anew"
        }
    }

    /// The path of an interpreter; a name without a slash is looked up on PATH.
    private static func location(_ executable: String) -> String {
        executable.contains("/") ? Path.absolute(executable) : onPath(executable) ?? executable
    }
}
