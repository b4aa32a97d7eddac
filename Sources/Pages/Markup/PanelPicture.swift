import HTML
import Query

/// The picture of a panel's answer.
enum PanelPicture {
    /// Whether the question has pictures at all.
    static func hasPicture(_ question: PageQuestion) -> Bool { false }

    /// - Parameter name: the panel's name within the page, which names of parts of the picture begin with.
    /// - Returns: nil if the answer has no picture.
    static func markup(_ question: PageQuestion, _ answer: Answer, name: String) -> Markup? { nil }
}
