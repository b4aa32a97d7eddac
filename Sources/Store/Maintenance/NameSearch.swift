import Record

/// The search for one name in texts, as a word of its own: no letter and no digit is next to it.
public struct NameSearch: Sendable {
    private let name: [UInt8]

    public init(_ name: String) { self.name = Array(name.utf8) }

    /// Whether the bytes contain the name.
    public func isFound(in bytes: some RandomAccessCollection<UInt8>) -> Bool {
        bytes.withContiguousStorageIfAvailable { places(in: $0, atMost: 1) }.map { !$0.isEmpty }
            ?? Array(bytes).withUnsafeBufferPointer { !places(in: $0, atMost: 1).isEmpty }
    }

    /// The text with each occurrence of the name replaced.
    public func replacing(in text: String, by other: String) -> String {
        let bytes = Array(text.utf8)
        let places = bytes.withUnsafeBufferPointer { self.places(in: $0, atMost: .max) }
        if places.isEmpty { return text }
        var result: [UInt8] = []
        var end = 0
        for place in places {
            result += bytes[end..<place]
            result += other.utf8
            end = place + name.count
        }
        result += bytes[end...]
        return String(decoding: result, as: UTF8.self)
    }

    private func places(in bytes: UnsafeBufferPointer<UInt8>, atMost limit: Int) -> [Int] {
        guard let first = name.first, bytes.count >= name.count else { return [] }
        var places: [Int] = []
        var place = 0
        while place <= bytes.count - name.count, places.count < limit {
            if bytes[place] == first, bytes[place..<place + name.count].elementsEqual(name),
                place == 0 || !NameSearch.isOfWord(bytes[place - 1]),
                place + name.count == bytes.count || !NameSearch.isOfWord(bytes[place + name.count])
            {
                places.append(place)
                place += name.count
            } else {
                place += 1
            }
        }
        return places
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
            true
        default: false
        }
    }

    /// The parts of a text that may be names: between slashes and blanks, and within those between other signs.
    static func words(of text: String) -> Set<ExactText> {
        var words: Set<ExactText> = []
        for separators in ["/ ", "/ .", "/ .=+@:,;", "/ .=+@:,;-", "/ .=+@:,;-_"] {
            let marks = Set(separators.unicodeScalars)
            for word in text.unicodeScalars.split(whereSeparator: { marks.contains($0) }) {
                words.insert(ExactText(String(word)))
            }
        }
        return words
    }
}
