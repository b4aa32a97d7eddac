/// A JSON value as a tree.
indirect enum JSONValue: Equatable {
    case null
    case bool(Bool)
    /// As written in the text.
    case number(String)
    /// Unescaped, U+FFFD in place of U+0000 and of lone surrogates.
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Equatable {
        let name: String
        let value: JSONValue
    }
}

enum OracleError: Error {
    case notUTF8, notJSON, tooDeep
}

/// Reads JSON by the grammar of RFC 8259, one function a rule: slow, plain, and with nothing in common with the parser
/// under test.
struct JSONOracle {
    private let input: [Unicode.Scalar]
    private var position = 0

    static func parse(_ bytes: [UInt8], depth: Int = 512) throws(OracleError) -> JSONValue {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        var oracle = JSONOracle(input: Array(text.unicodeScalars))
        oracle.whitespace()
        let value = try oracle.value(depth)
        oracle.whitespace()
        guard oracle.position == oracle.input.count else { throw .notJSON }
        return value
    }

    private init(input: [Unicode.Scalar]) {
        self.input = input
    }

    private var peek: Unicode.Scalar? { position < input.count ? input[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ scalar: Unicode.Scalar) throws(OracleError) {
        guard take(scalar) else { throw .notJSON }
    }

    private mutating func whitespace() {
        while let scalar = peek, [0x20, 0x09, 0x0A, 0x0D].contains(scalar.value) { position += 1 }
    }

    private mutating func value(_ depth: Int) throws(OracleError) -> JSONValue {
        switch peek {
        case "{": return try object(depth)
        case "[": return try array(depth)
        case "\"": return .string(try string())
        case "t": return try word("true", .bool(true))
        case "f": return try word("false", .bool(false))
        case "n": return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(OracleError) -> JSONValue {
        for scalar in word.unicodeScalars { try expect(scalar) }
        return value
    }

    private mutating func object(_ depth: Int) throws(OracleError) -> JSONValue {
        guard depth > 0 else { throw .tooDeep }
        try expect("{")
        whitespace()
        var members: [JSONValue.Member] = []
        if take("}") { return .object([]) }
        repeat {
            whitespace()
            let name = try string()
            whitespace()
            try expect(":")
            whitespace()
            members.append(JSONValue.Member(name: name, value: try value(depth - 1)))
            whitespace()
        } while take(",")
        try expect("}")
        return .object(members)
    }

    private mutating func array(_ depth: Int) throws(OracleError) -> JSONValue {
        guard depth > 0 else { throw .tooDeep }
        try expect("[")
        whitespace()
        var elements: [JSONValue] = []
        if take("]") { return .array([]) }
        repeat {
            whitespace()
            elements.append(try value(depth - 1))
            whitespace()
        } while take(",")
        try expect("]")
        return .array(elements)
    }

    private mutating func number() throws(OracleError) -> String {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: input[start..<position])
        return String(text)
    }

    private mutating func digits() throws(OracleError) {
        let start = position
        while let scalar = peek, scalar >= "0", scalar <= "9" { position += 1 }
        guard position > start else { throw .notJSON }
    }

    private mutating func string() throws(OracleError) -> String {
        try expect("\"")
        // Escapes are UTF-16 units, and decoding UTF-16 replaces the surrogates that are alone.
        var units: [UInt16] = []
        var text = ""
        func flush(_ units: inout [UInt16], _ text: inout String) {
            text += String(decoding: units.map { $0 == 0 ? 0xFFFD : $0 }, as: UTF16.self)
            units = []
        }
        while let scalar = peek {
            position += 1
            switch scalar {
            case "\"":
                flush(&units, &text)
                return text
            case "\\":
                guard let letter = peek else { throw .notJSON }
                position += 1
                if letter == "u" {
                    units.append(try unit())
                    continue
                }
                let plain: [Unicode.Scalar: Unicode.Scalar] = [
                    "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
                ]
                guard let meant = plain[letter] else { throw .notJSON }
                flush(&units, &text)
                text.unicodeScalars.append(meant)
            default:
                guard scalar.value >= 0x20 else { throw .notJSON }
                flush(&units, &text)
                text.unicodeScalars.append(scalar)
            }
        }
        throw .notJSON
    }

    private mutating func unit() throws(OracleError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let scalar = peek, scalar.isASCII, let digit = Character(scalar).hexDigitValue else { throw .notJSON }
            value = value * 16 + UInt16(digit)
            position += 1
        }
        return value
    }
}
