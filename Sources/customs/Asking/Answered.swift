import JSON
import Query
import SystemClock

/// The answer to a question, with what is needed to show it.
struct Answered {
    /// In the columns and the order that were asked for.
    let answer: Answer
    /// How the command line shows it.
    let form: FormatOptions
    /// What was asked; nil for questions whose answers say that themselves.
    let frame: Frame?
    /// The text for people in place of the answer's table.
    let text: ((Terminal) -> String)?

    /// The question around an answer.
    struct Frame {
        let asking: Asking
        let options: AnswerOptions
        /// What the question is about besides the days.
        let filters: [JSON.Member]
    }

    init(_ answer: Answer, as form: FormatOptions, frame: Frame? = nil, text: ((Terminal) -> String)? = nil) {
        self.answer = answer
        self.form = form
        self.frame = frame
        self.text = text
    }

    /// Prints it in the form that the user chose.
    ///
    /// - Throws: `Failure` with 64 if it would have totals that may not be published, and with 74 if it cannot be
    ///   written; `StoreError`.
    func show() throws {
        guard let frame, frame.options.envelope else {
            return try customs.show(answer, as: form, head: try frame?.head() ?? [], text: text)
        }
        let envelope = try frame.envelope(answer)
        Spinner.stop()
        try StandardOutput.write(line: envelope.formatted)
    }

    /// The answer as a file of a form that programs read, byte for byte as the command line writes it into one.
    ///
    /// - Throws: as `show`.
    func file(as form: Answer.Form) throws -> String {
        if form == .json, let frame, frame.options.envelope { return try frame.envelope(answer).formatted + "\n" }
        return answer.text(as: form, csv: CSV())
    }
}

extension Answered.Frame {
    /// - Throws: `Failure` with 64 if it would have totals that may not be published; `StoreError`.
    fileprivate func envelope(_ answer: Answer) throws -> JSON {
        if asking.filter.leastUsers > 0 {
            throw Failure(.usage, "--envelope: not with --public, because totals tell of those who are left out")
        }
        return try UsageSummary.ask(asking.connection, asking.filter, now: wallClock())
            .envelope(answer, filters: filters)
    }

    /// The lines above the answer. Totals take as long as a question about all usage, so they come with quick answers
    /// only, or if they are asked for.
    fileprivate func head() throws -> [[String]] {
        guard options.hasHead else { return [] }
        return try AnswerHead.ask(
            asking.connection, asking.filter, withTotals: asking.isQuick || options.head == true, now: wallClock()
        ).lines(filters: filters)
    }
}
