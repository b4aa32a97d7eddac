/// A JSON value whose objects keep the order of their keys, so that the same answer is the same text everywhere.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    case array([JSON])
    case object([Member])

    public struct Member: Sendable, Equatable {
        public let key: String
        public let value: JSON

        public init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    public static func text(_ value: String?) -> JSON { value.map { .text($0) } ?? .null }
    public static func integer(_ value: Int64?) -> JSON { value.map { .integer($0) } ?? .null }

    /// An object from keys and values.
    public static func object(_ members: KeyValuePairs<String, JSON>) -> JSON {
        .object(members.map { Member($0.key, $0.value) })
    }
}

extension JSON {
    /// A member of an object, the last one if several have the name. `.null` without such a member or object.
    public subscript(key: String) -> JSON {
        guard case .object(let members) = self else { return .null }
        return members.last { $0.key == key }?.value ?? .null
    }

    /// The elements of an array; empty if the value is not an array.
    public var elements: [JSON] { if case .array(let values) = self { values } else { [] } }
}
