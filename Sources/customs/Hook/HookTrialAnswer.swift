import HookTree
import JSON
import Query

/// Trials of a hook, as `customs hook check` tells them.
extension HookTrial {
    /// The answer for all of them; its table has the main facts.
    ///
    /// - Parameter problems: problems of the hook's directory, whatever the interpreter.
    static func answer(_ trials: [HookTrial], prefix: String, server: String, problems: [String]) -> Answer {
        Answer(
            [
                JSON.Member("prefix", .text(prefix)), JSON.Member("server", .text(server)),
                JSON.Member("interpreters", Answer(trials, allFields).json),
                JSON.Member("problems", .array(problems.map { .text($0) })),
            ], table: trials, fields)
    }

    private static let fields: [Field<HookTrial>] = [
        .text("interpreter") { $0.executable }, .text("version") { $0.interpreter?.version },
        .text("record") { $0.word },
        .count("ms") { $0.milliseconds }, .text("compiled") { $0.isCompiled.map { $0 ? "yes" : "no" } },
        .text("trace") { $0.trace?.rawValue }, .count("problems") { Int64($0.problems.count) },
    ]

    private static let allFields: [Field<HookTrial>] = [
        .text("executable") { $0.executable }, .text("version") { $0.interpreter?.version },
        .text("implementation") { $0.interpreter?.implementation }, .text("record") { $0.word },
        .count("milliseconds") { $0.milliseconds }, .flag("compiled") { $0.isCompiled },
        .text("trace") { $0.trace?.rawValue },
        .list("problems") { $0.problems },
    ]

    /// Describes whether a record arrived, and whether one was expected.
    private var word: String {
        if let interpreter, !interpreter.isRecorded { return "silent" }
        return milliseconds == nil ? "no" : "yes"
    }
}
