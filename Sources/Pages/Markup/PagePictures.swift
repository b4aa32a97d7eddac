import Query

/// Pictures as files.
public enum PagePictures {
    /// - Returns: nil if the answer has none.
    public static func file(_ question: PageQuestion, _ answer: Answer) -> String? { nil }
}
