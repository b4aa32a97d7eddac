import Processes

/// Which of a site's interpreters have a tree compiled for them.
public struct Compilation: Sendable {
    public struct Result: Sendable {
        public let executable: String
        /// Nil if it did not answer.
        public let interpreter: Interpreter?
        public let wasNamed: Bool
        public internal(set) var isCompiled = false
        public internal(set) var error: String?
    }

    public private(set) var results: [Result] = []

    /// Asks each what it is; the same one by several names counts once.
    ///
    /// - Parameters:
    ///   - named: as the user gave them; one that fails is a failure.
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

    /// The interpreter that reads the configuration; nil if there is none that the hook records.
    public var reader: Interpreter? { results.lazy.compactMap { $0.interpreter }.first { $0.isRecorded } }

    /// Whether those for which there is to be a compiled tree have one, as far as anybody asked for them.
    public var isGood: Bool {
        results.contains { $0.isCompiled } && !results.contains { $0.wasNamed && $0.error != nil }
    }

    public var hasCompiled: Bool { results.contains { $0.isCompiled } }

    /// Has each compile a tree for itself; one that fails does not keep the others from it.
    ///
    /// - Parameters:
    ///   - directory: where the tree is.
    ///   - prefix: where it will be.
    public mutating func compile(_ directory: String, prefix: String, progress: (String) -> Void) {
        var done: [String: String?] = [:]
        for index in results.indices where results[index].error == nil {
            guard let interpreter = results[index].interpreter, interpreter.isRecorded else { continue }
            if let earlier = done[interpreter.tag] {
                // they share their compiled files
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
            ["-I", "-S", "-B", directory + "/customs_hook/build.py", directory, prefix],
            environment: Interpreter.surroundings())
        do throws(ProgramError) { return try program.run().complaint } catch { return HookTreeError(error).reason }
    }

    /// Compiled files are found by the tag; of two kinds of them with one tag, only the first can be there.
    private func conflict(of interpreter: Interpreter) -> String? {
        let rival = results.compactMap { $0.interpreter }.first {
            interpreter.isRecorded && $0.tag == interpreter.tag && $0.magic != interpreter.magic
        }
        return rival.map {
            "its compiled files would have the names of those of \($0.executable), and differ: each of its starts "
                + "compiles the hook anew"
        }
    }

    /// A name without a slash is looked up on PATH.
    private static func location(_ executable: String) -> String {
        executable.contains("/") ? Path.absolute(executable) : onPath(executable) ?? executable
    }
}
