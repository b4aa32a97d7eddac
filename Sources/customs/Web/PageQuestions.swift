import ArgumentParser
import Pages
import Query
import Record
import Settings
import Store
import SystemClock
import Web

/// Asks the questions of pages: parses each as the words of a command line, and asks the command.
struct PageQuestions: AnswerSource {
    /// The store of all questions.
    let store: StoreOptions

    func answer(
        _ question: PageQuestion, by connection: any SQLConnection
    ) throws(StoreError) -> Result<SiteAnswer, Refusal> {
        try asked(question, connection) { answered, remarks in SiteAnswer(answered.answer, remarks: remarks) }
    }

    func file(
        _ question: PageQuestion, as form: Answer.Form, by connection: any SQLConnection
    ) throws(StoreError) -> Result<(text: String, answer: Answer), Refusal> {
        try asked(question, connection) { answered, _ in (try answered.file(as: form), answered.answer) }
    }

    func lossBound(by connection: any SQLConnection) throws(StoreError) -> Double? {
        try CanaryReport.ask(connection, now: wallClock(), days: 30).overall.upper
    }

    private func asked<Found>(
        _ question: PageQuestion, _ connection: any SQLConnection, _ take: (Answered, [String]) throws -> Found
    ) throws(StoreError) -> Result<Found, Refusal> {
        var remarks: [String] = []
        let context = QuestionContext(connect: { _ in connection }, remark: { remarks.append($0) })
        do {
            guard var command = try Customs.parseAsRoot(words(of: question)) as? any Question else {
                return .failure(Refusal(.malformed, "This is no question."))
            }
            command.store = store
            return .success(try take(try command.answered(in: context), remarks))
        } catch let error as StoreError {
            throw error
        } catch let failure as Failure {
            return .failure(Refusal(failure))
        } catch let error as SettingsError {
            return .failure(Refusal(.unavailable, error.description))
        } catch {
            return .failure(Refusal(.malformed, Customs.message(for: error)))
        }
    }

    /// The words of the command line. With `--envelope` it wants to know the form, too.
    private func words(of question: PageQuestion) -> [String] {
        let words = question.commandLine
        return question.options["envelope"] == nil
            ? words : Array(words.prefix(1)) + ["--format=json"] + words.dropFirst()
    }
}

extension Refusal {
    fileprivate init(_ failure: Failure) {
        switch failure.code {
        case .usage: self.init(.malformed, failure.description)
        case .noInput: self.init(.unknown, failure.description)
        default: self.init(.unavailable, failure.description)
        }
    }
}
