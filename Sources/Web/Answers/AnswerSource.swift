import Pages
import Plot
import Query
import Store

/// Asks the questions of pages as the command line does.
public protocol AnswerSource: Sendable {
    /// - Parameter setting: what the page wants of the picture.
    /// - Throws: `StoreError` if the store cannot answer.
    func answer(
        _ question: PageQuestion, _ setting: PlotSetting, by connection: any SQLConnection
    ) throws(StoreError) -> Result<SiteAnswer, Refusal>

    /// The answer as the command line writes it into a file.
    func file(
        _ question: PageQuestion, as form: PageFile, by connection: any SQLConnection
    ) throws(StoreError) -> Result<(text: String, answer: Answer), Refusal>

    /// The largest fraction of lost records that the canaries of the last 30 days allow; nil without canaries.
    func lossBound(by connection: any SQLConnection) throws(StoreError) -> Double?

    /// Figures about usage, for Prometheus.
    func metrics(by connection: any SQLConnection) throws(StoreError) -> String

    /// The pages about what somebody searches for.
    ///
    /// - Parameter people: whether people and jobs are searched too.
    func search(
        _ words: String, people: Bool, by connection: any SQLConnection
    ) throws(StoreError) -> [SearchResult]
}

/// An answer with what is said beside it.
public struct SiteAnswer: Sendable {
    public let answer: Answer
    public let remarks: [String]
    /// nil if it has none.
    public let picture: Picture?

    public init(_ answer: Answer, remarks: [String], picture: Picture?) {
        self.answer = answer
        self.remarks = remarks
        self.picture = picture
    }
}

/// A page that a search found.
public struct SearchResult: Sendable, Equatable {
    public let path: String
    public let text: String

    public init(path: String, text: String) {
        self.path = path
        self.text = text
    }
}

/// A question that has no answer, and why.
public struct Refusal: Error, Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The question cannot be understood.
        case malformed
        /// There is no usage by this name.
        case unknown
        /// The site cannot answer it now.
        case unavailable
    }

    public let kind: Kind
    public let reason: String

    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }
}
