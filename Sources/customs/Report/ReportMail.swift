import JSON
import Query
import Record

extension MonthlyReport {
    private static let columns = 76
    /// Columns that would make lines too long for a mail; the HTML and the JSON have them.
    private static let left: Set<String> = ["processes", "before", "core_hours", "change_percent"]
    /// The same, of the ends of processes.
    private static let leftOfEnds: Set<String> = [
        "exit_percent", "exception_percent", "signal_percent", "killed_percent",
    ]

    /// The report as plain text in lines that mail programs do not break.
    var mail: String {
        var paragraphs = [title]
        if let period {
            paragraphs.append(wrapped(([period.description + ", days of UTC"] + conditions).joined(separator: "; ")))
        }
        paragraphs += notices.map { wrapped("* " + $0) }
        if !totals.isEmpty {
            let head = before.map { "Totals, compared with \($0)" } ?? "Totals"
            paragraphs.append(head + "\n\n" + table(totalsAnswer.without(isPublic ? [] : ["before"])))
        }
        for section in tellingSections {
            let left = section.name == .ends ? MonthlyReport.leftOfEnds : MonthlyReport.left
            let answer = section.answer.without(left)
            paragraphs.append(wrapped(caption(of: section)) + "\n\n" + table(answer))
        }
        paragraphs += qualityNotes.map { wrapped($0) }
        paragraphs.append("Made by Customs on \(Calendar.text(day: made)).")
        return paragraphs.joined(separator: "\n\n")
    }

    private func table(_ answer: Answer) -> String {
        TextTable(answer, hasBars: false).formatted(for: Terminal(columns: MonthlyReport.columns))
    }

    /// A text in lines that are broken between words.
    private func wrapped(_ text: String) -> String {
        var lines: [String] = []
        for word in printable(text).split(separator: " ") {
            if let last = lines.last, last.columns + 1 + word.columns <= MonthlyReport.columns {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension Answer {
    fileprivate func without(_ left: Set<String>) -> Answer {
        let names = columns.map { $0.name }.filter { !left.contains($0) }
        return (try? shaped(AnswerShape(columns: names))) ?? self
    }
}
