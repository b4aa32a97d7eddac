/// What a picture shows, in words. They are a screen reader's text, and the head of a file of its own.
public struct Caption: Sendable, Equatable {
    /// What the ids in a picture begin with; two pictures of one page need two. Letters, digits and `-` alone are kept.
    public let id: String
    /// Says what is counted.
    public let title: String
    /// Says more: the time, who is left out, how to read the picture.
    public let description: String

    public init(id: String, title: String, description: String) {
        let kept = id.unicodeScalars.filter { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-": true
            default: false
            }
        }
        self.id = kept.isEmpty ? "plot" : String(String.UnicodeScalarView(kept))
        self.title = title
        self.description = description
    }
}
