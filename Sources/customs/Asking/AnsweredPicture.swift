import ArgumentParser
import Pages
import Plot
import Query
import Record
import SystemClock

extension Answered {
    /// The picture of the answer to a question, with what was asked below its title.
    ///
    /// - Parameter setting: what a page wants of the picture; conditions and times are added.
    /// - Returns: nil if the answer lacks the columns that are drawn.
    /// - Throws: `StoreError`.
    func picture(of question: PlottedQuestion, _ setting: PlotSetting = PlotSetting()) throws -> Picture? {
        let now = wallClock()
        var setting = setting
        setting.now = now
        setting.openMonth = String(Calendar.text(microseconds: now).prefix(7))
        if let frame {
            setting.isPublished = frame.asking.filter.leastUsers > 0
            setting.conditions += try frame.conditions(now: now)
        }
        return question.picture(of: answer, setting)
    }

    /// Writes the picture as a file.
    ///
    /// - Throws: `Failure` with 64 if there is none, or if it would go to a terminal, and with 74 if it cannot be
    ///   written; `StoreError`.
    func showPicture(of question: PlottedQuestion?) throws {
        Spinner.stop()
        if Terminal.isOutput {
            throw Failure(
                .usage, "--format svg: a terminal shows no pictures; write it into a file with '> picture.svg'")
        }
        guard let picture = try question.flatMap({ try picture(of: $0) }) else {
            throw Failure(
                .usage,
                "--format svg: this answer has no picture; "
                    + (question == nil ? OutputFormat.others : "leave out --columns")
            )
        }
        try StandardOutput.write(picture.file)
    }
}

extension Answered.Frame {
    /// The period and the options, in a few words each.
    fileprivate func conditions(now: Int64) throws -> [String] {
        try AnswerHead.ask(asking.connection, asking.filter, withTotals: false, now: now).lines(filters: filters).first
            ?? []
    }
}

extension OutputFormat {
    fileprivate static let others = "its formats are table, json, csv and jsonl"

    /// - Throws: `ValidationError` if it is a picture, which the command has not.
    func refusePicture() throws {
        if self == .svg { throw ValidationError("--format svg: this answer has no picture; \(OutputFormat.others)") }
    }
}
