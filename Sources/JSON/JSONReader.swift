import Wire

/// Why a text could not be read as JSON.
public enum JSONReadError: Error, Sendable, Equatable {
    /// The text is not JSON (RFC 8259), or not an object.
    case syntax
    /// Arrays and objects nest deeper than the limit.
    case tooDeep
}

extension JSON {
    /// Spare bytes after a text; they save a copy of it.
    public static let padding = JSONScanner.padding

    private static let depthLimit = 64

    /// Reads an object (RFC 8259), and keeps what `selection` names of it.
    ///
    /// An integer of more than 18 digits becomes a real number, and U+0000 in a text becomes U+FFFD.
    ///
    /// - Parameter bytes: UTF-8.
    public init(_ bytes: consuming [UInt8], selecting selection: JSONSelection) throws(JSONReadError) {
        let count = bytes.count
        var padded = bytes
        padded.append(contentsOf: repeatElement(0, count: JSON.padding))
        let outcome = padded.withUnsafeMutableBufferPointer { buffer -> Result<JSON, JSONError> in
            guard let base = buffer.baseAddress else { return .failure(.syntax) }
            var scanner = JSONScanner(base, count: count, depthLimit: JSON.depthLimit)
            do throws(JSONError) { return .success(try scanner.document(selection)) } catch { return .failure(error) }
        }
        switch outcome {
        case .success(let value): self = value
        case .failure(.depth): throw .tooDeep
        case .failure(.syntax): throw .syntax
        }
    }
}

extension JSONScanner {
    fileprivate mutating func document(_ selection: JSONSelection) throws(JSONError) -> JSON {
        skipWhitespace()
        guard byte == UInt8(ascii: "{") else { throw .syntax }
        var members: [JSON.Member] = []
        var hasMember = try enter(close: closingBrace, depth: 1)
        while hasMember {
            let name = try text()
            try colon()
            if let kept = selection.members[name] {
                members.append(JSON.Member(name, try value(depth: 1, keeping: kept)))
            } else {
                try skipValue(depth: 1)
            }
            hasMember = try next(close: closingBrace)
        }
        skipWhitespace()
        guard isAtEnd else { throw .syntax }
        return .object(members)
    }

    private mutating func text() throws(JSONError) -> String {
        let range = try string()
        return String(decoding: bytes(of: range), as: UTF8.self)
    }

    /// - Parameters:
    ///   - depth: how many arrays and objects are open around the value.
    ///   - names: if the value is a list, the members that are kept of the objects in it; nil for all.
    private mutating func value(depth: Int, keeping names: Set<String>? = nil) throws(JSONError) -> JSON {
        switch byte {
        case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
        case UInt8(ascii: "["):
            var elements: [JSON] = []
            var hasElement = try enter(close: closingBracket, depth: depth + 1)
            while hasElement {
                if let names, byte == UInt8(ascii: "{") {
                    elements.append(.object(try members(depth: depth + 2, keeping: names)))
                } else {
                    elements.append(try value(depth: depth + 1))
                }
                hasElement = try next(close: closingBracket)
            }
            return .array(elements)
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let start = cursor
            if case .integer(let value) = try number() { return .integer(value) }
            return .real(decimalNumber(bytes(from: start)))
        default:
            if literal(.null) { return .null }
            if literal(.true) { return .bool(true) }
            if literal(.false) { return .bool(false) }
            throw .syntax
        }
    }

    /// - Parameter depth: how many arrays and objects are open, this one included.
    private mutating func members(depth: Int, keeping names: Set<String>? = nil) throws(JSONError) -> [JSON.Member] {
        var members: [JSON.Member] = []
        var hasMember = try enter(close: closingBrace, depth: depth)
        while hasMember {
            let name = try text()
            try colon()
            if let names, !names.contains(name) {
                try skipValue(depth: depth)
            } else {
                members.append(JSON.Member(name, try value(depth: depth)))
            }
            hasMember = try next(close: closingBrace)
        }
        return members
    }
}
