/// A text in which `*` stands for any text, slashes included.
public struct WildcardPattern: Sendable, Equatable {
    private let pattern: [UInt8]

    public init(_ text: String) { pattern = Array(text.utf8) }

    public var text: String { String(decoding: pattern, as: UTF8.self) }

    /// Whether more than one text can match.
    public var hasWildcard: Bool { pattern.contains(UInt8(ascii: "*")) }

    /// Backtracks to the last star only, so that a match takes at most the product of the lengths.
    func matches(_ text: [UInt8]) -> Bool {
        let star = UInt8(ascii: "*")
        var (at, place) = (0, 0)
        var retry: (at: Int, place: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == star {
                retry = (at, place)
                place += 1
            } else if place < pattern.count, pattern[place] == text[at] {
                at += 1
                place += 1
            } else if let last = retry {
                at = last.at + 1
                place = last.place + 1
                retry = (at, last.place)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == star }
    }
}
