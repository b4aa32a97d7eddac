import ArgumentParser
import Pages
import Query
import Store

/// A question as the command line has it. A page asks the same with the same options, so that its numbers are the
/// same.
protocol Question: ParsableCommand {
    var store: StoreOptions { get set }
    /// Whose picture the answer has; nil if it has none.
    static var plotted: PlottedQuestion? { get }

    /// Asks, and shows nothing.
    ///
    /// - Throws: `Failure`, `StoreError`, `SettingsError`; `ValidationError` if the options cannot be used.
    func answered(in context: QuestionContext) throws -> Answered
}

extension Question {
    static var plotted: PlottedQuestion? { PlottedQuestion(rawValue: _commandName) }

    func run() throws {
        let answered = try answered(in: .commandLine)
        if answered.form.format == .svg { try answered.showPicture(of: Self.plotted) } else { try answered.show() }
    }
}

/// Who asks a question: by which connection, and where remarks go that are no part of the answer.
struct QuestionContext {
    let connect: (StoreOptions) throws -> any SQLConnection
    /// Tells for instance why an answer is empty.
    let remark: (String) -> Void

    /// A connection of its own, and standard error.
    static var commandLine: QuestionContext {
        QuestionContext(
            connect: { try $0.reader() },
            remark: { text in
                Spinner.stop()
                printError("customs: \(text)")
            })
    }
}
