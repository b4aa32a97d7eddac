import ArgumentParser
import Pages
import Plot
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
        _ question: PageQuestion, _ setting: PlotSetting, by connection: any SQLConnection
    ) throws(StoreError) -> Result<SiteAnswer, Refusal> {
        try asked(question, connection) { answered, plotted, remarks in
            let picture =
                answered.answer.rows.isEmpty ? nil : try plotted.flatMap { try answered.picture(of: $0, setting) }
            return SiteAnswer(answered.answer, remarks: remarks, picture: picture)
        }
    }

    func file(
        _ question: PageQuestion, as form: PageFile, by connection: any SQLConnection
    ) throws(StoreError) -> Result<(text: String, answer: Answer), Refusal> {
        try asked(question, connection) { answered, plotted, _ in
            if let form = Answer.Form(rawValue: form.rawValue) {
                return (try answered.file(as: form), answered.answer)
            }
            guard let picture = try plotted.flatMap({ try answered.picture(of: $0) }) else {
                throw Failure(.usage, "This answer has no picture.")
            }
            return (picture.file, answered.answer)
        }
    }

    func lossBound(by connection: any SQLConnection) throws(StoreError) -> Double? {
        try CanaryReport.ask(connection, now: wallClock(), days: 30).overall.upper
    }

    private func asked<Found>(
        _ question: PageQuestion, _ connection: any SQLConnection,
        _ take: (Answered, PlottedQuestion?, [String]) throws -> Found
    ) throws(StoreError) -> Result<Found, Refusal> {
        var remarks: [String] = []
        let context = QuestionContext(connect: { _ in connection }, remark: { remarks.append($0) })
        do {
            guard var command = try Customs.parseAsRoot(words(of: question)) as? any Question else {
                return .failure(Refusal(.malformed, "This is no question."))
            }
            command.store = store
            let answered = try command.answered(in: context)
            return .success(try take(answered, type(of: command).plotted, remarks))
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
