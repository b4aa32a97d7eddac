import Jobs
import Wire

/// A JSON value in the batch system's answers.
indirect enum JSONTree: Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    case array([JSONTree])
    case object([String: JSONTree])

    subscript(key: String) -> JSONTree {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    /// The number, written plainly or, from version 0.0.39 on, as `{"set": true, "infinite": false, "number": 5}`.
    var number: Int64? {
        switch self {
        case .integer(let value): return value
        case .real(let value): return Int64(exactly: value.rounded())
        // version 0.0.38 writes job ids in lists as text
        case .text(let value): return Int64(value)
        case .object(let members):
            if members["set"] == .bool(false) || members["infinite"] == .bool(true) { return nil }
            return members["number"]?.number
        default: return nil
        }
    }

    /// The text; nil if it is empty or a word for "no value".
    var text: String? {
        if case .text(let value) = self { SlurmText.value(value) } else { nil }
    }

    /// One text, or a list of them.
    var words: [String] {
        switch self {
        case .text(let value): [value]
        case .array(let values): values.compactMap { if case .text(let value) = $0 { value } else { nil } }
        default: []
        }
    }

    var elements: [JSONTree] { if case .array(let values) = self { values } else { [] } }
}

/// An answer of slurmrestd. It keeps only the jobs and the errors, and of jobs only the wanted members.
package struct SlurmDocument {
    private(set) var jobs: [JSONTree] = []
    private(set) var errors: [JSONTree] = []
    /// The number of a job that was submitted.
    private(set) var jobNumber: Int64?

    /// Spare bytes after an answer; they save a copy of it.
    static let padding = JSONScanner.padding

    private static let depthLimit = 64

    /// - Throws: `JobSourceError.unreadable` for text that is not JSON (RFC 8259) or not an object.
    package init(_ bytes: consuming [UInt8], keys: Set<String>, from what: String) throws(JobSourceError) {
        let count = bytes.count
        var padded = bytes
        padded.append(contentsOf: repeatElement(0, count: JSONScanner.padding))
        let outcome = padded.withUnsafeMutableBufferPointer { buffer -> Result<SlurmDocument, JSONError> in
            guard let base = buffer.baseAddress else { return .failure(.syntax) }
            var document = SlurmDocument()
            var scanner = JSONScanner(base, count: count, depthLimit: SlurmDocument.depthLimit)
            do throws(JSONError) {
                try document.read(&scanner, keys)
                return .success(document)
            } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case .success(let document): self = document
        case .failure(.depth): throw .unreadable(what: what, why: "it nests too deep")
        case .failure(.syntax): throw .unreadable(what: what, why: "it is not JSON")
        }
    }

    private init() {}

    private mutating func read(_ scanner: inout JSONScanner, _ keys: Set<String>) throws(JSONError) {
        scanner.skipWhitespace()
        guard scanner.byte == UInt8(ascii: "{") else { throw .syntax }
        var hasMember = try scanner.enter(close: closingBrace, depth: 1)
        while hasMember {
            let name = try scanner.text()
            try scanner.colon()
            switch name {
            case "jobs": jobs = try scanner.list { scanner throws(JSONError) in try scanner.tree(depth: 2, keys: keys) }
            case "errors": errors = try scanner.list { scanner throws(JSONError) in try scanner.tree(depth: 2) }
            case "job_id": jobNumber = try scanner.tree(depth: 2).number
            default: try scanner.skipValue(depth: 1)
            }
            hasMember = try scanner.next(close: closingBrace)
        }
        scanner.skipWhitespace()
        guard scanner.isAtEnd else { throw .syntax }
    }
}

extension JSONScanner {
    fileprivate mutating func text() throws(JSONError) -> String {
        let range = try string()
        return String(decoding: bytes(of: range), as: UTF8.self)
    }

    /// The elements of an array; none if the value is not an array.
    fileprivate mutating func list(
        _ element: (inout JSONScanner) throws(JSONError) -> JSONTree
    ) throws(JSONError) -> [JSONTree] {
        guard byte == UInt8(ascii: "[") else {
            try skipValue(depth: 1)
            return []
        }
        var elements: [JSONTree] = []
        var hasElement = try enter(close: closingBracket, depth: 2)
        while hasElement {
            elements.append(try element(&self))
            hasElement = try next(close: closingBracket)
        }
        return elements
    }

    /// - Parameters:
    ///   - depth: the number of open arrays and objects around the value.
    ///   - keys: the members to keep, if the value is an object; nil for all.
    fileprivate mutating func tree(depth: Int, keys: Set<String>? = nil) throws(JSONError) -> JSONTree {
        switch byte {
        case UInt8(ascii: "{"):
            var members: [String: JSONTree] = [:]
            var hasMember = try enter(close: closingBrace, depth: depth + 1)
            while hasMember {
                let name = try text()
                try colon()
                if let keys, !keys.contains(name) {
                    try skipValue(depth: depth + 1)
                } else {
                    members[name] = try tree(depth: depth + 1)
                }
                hasMember = try next(close: closingBrace)
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONTree] = []
            var hasElement = try enter(close: closingBracket, depth: depth + 1)
            while hasElement {
                elements.append(try tree(depth: depth + 1))
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
}
