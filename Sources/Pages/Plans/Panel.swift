import Plot
import Query

/// One part of a page: a question, and how its answer is shown.
public struct Panel: Sendable, Hashable {
    public enum Form: Sendable, Hashable {
        /// A few large numbers, each with its change.
        case tiles
        /// A picture, and the table below it on demand.
        case picture
        case table
        /// What is known of one thing, and its table.
        case facts
        /// The same with a picture between them.
        case whole
    }

    public let title: String
    /// What is counted.
    public let note: String
    public let question: PageQuestion
    public let form: Form
    /// Whether it takes the whole width.
    public let isWide: Bool
    /// The text in the first column of the only row that is shown; nil for all rows.
    public let row: String?

    init(
        _ title: String, _ note: String, _ question: PageQuestion, as form: Form, isWide: Bool = false,
        row: String? = nil
    ) {
        self.row = row
        self.title = title
        self.note = note
        self.question = question
        self.form = form
        self.isWide = isWide
    }

    /// The same panel with another question.
    public func asking(_ question: PageQuestion) -> Panel {
        Panel(title, note, question, as: form, isWide: isWide, row: row)
    }
}

/// What became of a panel's question.
public enum PanelAnswer: Sendable, Equatable {
    /// - Parameters:
    ///   - remarks: for instance why it is empty.
    ///   - picture: nil if it has none.
    case answer(Answer, remarks: [String], picture: Picture?)
    /// Why there is no answer.
    case refused(String)
}
