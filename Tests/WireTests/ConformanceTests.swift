import Record
import Testing
import Wire

/// The parser accepts JSON by RFC 8259 and refuses everything else, wherever it is in a record.
@Suite struct ConformanceTests {
    @Test("the oracle knows the tables") func oracleAgrees() {
        for text in validDocuments {
            #expect(throws: Never.self, "\(text)") { try JSONOracle.parse(Array(text.utf8)) }
        }
        for text in invalidDocuments {
            #expect(throws: OracleError.notJSON, "\(text)") { try JSONOracle.parse(Array(text.utf8)) }
        }
    }

    @Test("a valid text under an unknown key is ignored and counted") func validUnderUnknownKey() throws {
        for text in validDocuments {
            for key in ["x", "extra", "a key that is longer than sixteen bytes"] {
                #expect(try accepted(record("\"\(key)\":\(text)")).unknownKeys == 1, "\(text)")
            }
        }
    }

    @Test("a valid text that is no object holds no record") func validAlone() {
        for text in validDocuments {
            let isObject = text.first == "{"
            #expect(reason(text) == (isObject ? .missingKey : .noRecord), "\(text)")
            #expect(reason(" \r\n\t\(text)\t ") == (isObject ? .missingKey : .noRecord), "\(text)")
        }
    }

    @Test("a valid text is never blamed for its syntax, whatever the key", arguments: names)
    func validUnderKnownKey(name: String) {
        for text in validDocuments {
            for json in ["{\"\(name)\":\(text)}", record("\"\(name)\":\(text)")] {
                let found = reason(json)
                #expect(found != .badJSON && found != .notUTF8 && found != .tooDeep, "\(json)")
            }
        }
    }

    @Test("an invalid text is refused alone") func invalidAlone() {
        for text in invalidDocuments { #expect(reason(text) == .badJSON, "\(text)") }
    }

    @Test("an invalid text is refused under every key, known or not", arguments: names + ["x"])
    func invalidUnderKey(name: String) {
        for text in invalidDocuments {
            #expect(reason("{\"\(name)\":\(text)}") == .badJSON, "\(name): \(text)")
            #expect(reason(record("\"\(name)\":\(text)")) == .badJSON, "\(name): \(text)")
        }
    }

    @Test("an invalid text is refused within arrays and objects") func invalidNested() {
        for text in invalidDocuments {
            for (left, right) in [
                ("\"x\":[", "]"), ("\"x\":[1,", ",2]"), ("\"x\":{\"y\":", "}"), ("\"packages\":{\"a\":", "}"),
                ("\"direct\":[", "]"), ("\"direct\":[\"a\",", "]"), ("\"canary\":{\"run\":", "}"),
                ("\"canary\":{\"seq\":", "}"), ("\"canary\":{\"k\":", "}"),
            ] {
                // A few texts break off in such a way that the text around them completes them.
                let json = Array(record(left + text + right).utf8)
                let isJSON = (try? JSONOracle.parse(json)) != nil
                #expect((reason(json) == .badJSON) == !isJSON, "\(left)\(text)\(right)")
            }
        }
    }

    @Test("an invalid text is refused as a member's name") func invalidName() {
        for text in invalidDocuments + ["1", "null", "[]", "{}", ""] where !text.hasPrefix("\"a\"") {
            let json = Array("{\(text):1}".utf8)
            if (try? JSONOracle.parse(json)) == nil { #expect(reason(json) == .badJSON, "\(text)") }
        }
    }

    @Test("the end of every prefix of a valid text is noticed") func prefixes() {
        for text in validDocuments where text.first == "{" || text.first == "[" || text.first == "\"" {
            let bytes = Array(text.utf8)
            for count in 1..<bytes.count where (try? JSONOracle.parse(Array(bytes[..<count]))) == nil {
                let isCharacter = String(validating: bytes[..<count], as: UTF8.self) != nil
                #expect(reason(Array(bytes[..<count])) == (isCharacter ? .badJSON : .notUTF8), "\(text) to \(count)")
            }
        }
    }

    @Test("bytes that are no UTF-8 are refused everywhere") func encoding() {
        for (name, bytes) in invalidUTF8 {
            let quoted = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
            for key in ["host", "x", "id", "packages", "main"] {
                let head = Array(record().dropLast().utf8) + Array(",\"\(key)\":".utf8)
                #expect(reason(head + quoted + Array("}".utf8)) == .notUTF8, "\(name) in \(key)")
                #expect(reason(head + bytes + Array("}".utf8)) == .notUTF8, "\(name) bare in \(key)")
            }
            #expect(reason(quoted) == .notUTF8, "\(name)")
            #expect(reason(bytes) == .notUTF8, "\(name)")
            #expect(reason(Array("{\"".utf8) + bytes + Array("\":1}".utf8)) == .notUTF8, "\(name) as a name")
            #expect(reason(Array(record().utf8) + bytes) == .notUTF8, "\(name) behind the record")
        }
    }

    @Test("every character of Unicode is read as it is") func characters() throws {
        var scalars = Array(UInt32(0x20)...0x2FF) + Array(0xD700...0xD7FF) + Array(0xE000...0xE0FF)
        scalars += Array(0x7F0...0x810) + Array(0xFFF0...0x1_000F) + Array(0x10_FFF0...0x10_FFFF)
        for scalar in scalars.compactMap({ Unicode.Scalar($0) }) where scalar != "\"" && scalar != "\\" {
            let text = "x\(Character(scalar))y"
            let found = try accepted(record("\"host\":\"\(text)\"")).string(.host)
            #expect(found.map { Array($0.utf8) } == Array(text.utf8), "\(scalar.value)")
        }
    }

    @Test("the depth is counted with the record") func depth() {
        func nested(_ count: Int, _ open: String, _ close: String) -> String {
            record("\"x\":" + String(repeating: open, count: count) + "1" + String(repeating: close, count: count))
        }
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[ ", " ]")] {
            #expect(reason(nested(511, open, close)) == nil)
            #expect(reason(nested(512, open, close)) == .tooDeep)
            #expect(reason(nested(600, open, close)) == .tooDeep)
        }
        #expect(reason(String(repeating: "[", count: 513)) == .tooDeep)
        #expect(reason(String(repeating: "[", count: 512)) == .badJSON)
        #expect(reason(String(repeating: "[", count: 512) + String(repeating: "]", count: 512)) == .noRecord)
        let three = MessageParser.Limits(depth: 3)
        #expect(reason(record(#""x":[[]]"#), limits: three) == nil)
        #expect(reason(record(#""x":[[[]]]"#), limits: three) == .tooDeep)
        #expect(reason(record(#""packages":{"a":[]}"#), limits: three) == .wrongType)
        #expect(reason(record(#""packages":{"a":[[]]}"#), limits: three) == .tooDeep)
        #expect(reason(record(#""direct":[[{}]]"#), limits: three) == .tooDeep)
        #expect(reason(record(#""canary":{"k":[[]]}"#), limits: three) == .tooDeep)
        #expect(reason(record(), limits: MessageParser.Limits(depth: 1)) == .tooDeep)
        #expect(reason(#"{"v":1}"#, limits: MessageParser.Limits(depth: 1)) == .missingKey)
    }

    @Test("mixed nesting is taken apart in the right order") func mixedNesting() {
        var random = SplitMix64(state: 7)
        for _ in 0..<200 {
            var open = ""
            var close = ""
            for _ in 0..<Int.random(in: 1...200, using: &random) {
                let isObject = Bool.random(using: &random)
                open += isObject ? "{\"a\":" : "["
                close = (isObject ? "}" : "]") + close
            }
            #expect(reason(record("\"x\":\(open)0\(close)")) == nil)
            let wrong = close.map { $0 == "}" ? "]" : "}" }.joined()
            #expect(reason(record("\"x\":\(open)0\(wrong)")) == .badJSON)
        }
    }
}

/// The names of the contract's table, of the older form and of the canary's members.
let names = [
    "v", "id", "packages", "event_timestamp", "elapsed", "host", "pid", "ppid", "username", "uid", "executable",
    "prefix", "python", "implementation", "main", "direct", "end", "is_compute", "is_shifter", "is_staff", "container",
    "system", "subsystem", "cluster", "job_id", "step_id", "array_job_id", "array_task_id", "het_group", "restart",
    "num_nodes", "num_tasks", "rank", "qos", "repo", "partition", "canary", "part", "parts", "service", "subservice",
    "version", "user", "hostname", "run", "seq", "of",
]
