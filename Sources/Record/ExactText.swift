import Glibc

/// A text as a key: equal to another one only if its bytes are equal, and sorted by its bytes.
///
/// Swift's own strings are equal where readers see no difference (`é` as one character or as a letter and an accent).
/// The databases and the records tell such texts apart.
public struct ExactText: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let string: String

    public init(_ string: String) { self.string = string }

    public var description: String { string }

    public static func == (left: ExactText, right: ExactText) -> Bool {
        let sameBytes = left.string.utf8.withContiguousStorageIfAvailable { left in
            right.string.utf8.withContiguousStorageIfAvailable { right in
                guard left.count == right.count else { return false }
                guard let start = left.baseAddress, let other = right.baseAddress else { return true }
                return memcmp(start, other, left.count) == 0
            }
        }
        // a text that is not kept as UTF-8, which Swift's own never are
        return (sameBytes ?? nil) ?? left.string.utf8.elementsEqual(right.string.utf8)
    }

    public static func < (left: ExactText, right: ExactText) -> Bool {
        let precedes = left.string.utf8.withContiguousStorageIfAvailable { left in
            right.string.utf8.withContiguousStorageIfAvailable { right in
                guard let start = left.baseAddress, let other = right.baseAddress else {
                    return left.count < right.count
                }
                let order = memcmp(start, other, min(left.count, right.count))
                return order == 0 ? left.count < right.count : order < 0
            }
        }
        return (precedes ?? nil) ?? left.string.utf8.lexicographicallyPrecedes(right.string.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var string = string
        string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}

extension ExactText {
    /// The parts of the text between separators, empty ones included. A separator followed by a combining accent counts
    /// too.
    public func split(by separator: Unicode.Scalar) -> [ExactText] {
        string.unicodeScalars.split(separator: separator, omittingEmptySubsequences: false).map {
            ExactText(String($0))
        }
    }
}
