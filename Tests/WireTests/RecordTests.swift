import Record
import Testing
import Wire

/// Tests for the meaning of a record's members.
@Suite struct RecordTests {
    @Test("a record that says everything") func everything() throws {
        let record = try accepted(
            """
            {"v":1,"id":"00112233445566778899aAbBcCdDeEfF","event_timestamp":"2026-11-21T05:13:00.25+01:00",\
            "elapsed":12.5,"host":"nid1","pid":17,"ppid":1,"username":"u","uid":4294967295,"executable":"/bin/python3",\
            "prefix":"/usr","python":"3.11.7","implementation":"cpython","main":"-c",\
            "packages":{"numpy":"1.26.4","h5py":null,"empty":""},"direct":["numpy"],"end":"killed",\
            "is_compute":true,"is_shifter":false,"is_staff":true,"container":"podman","system":"s","subsystem":"gpu",\
            "cluster":"c","job_id":"12_3","step_id":"0","array_job_id":12,"array_task_id":3,"het_group":1,"restart":2,\
            "num_nodes":4,"num_tasks":256,"rank":255,"qos":"q","repo":"m1","partition":"p","part":2,"parts":3}
            """)
        #expect(record.id == RecordID(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF))
        #expect(record.eventTime == 1_795_234_380_250_000)
        #expect(record.elapsed == 12.5)
        let texts: [(TextField, String)] = [
            (.host, "nid1"), (.username, "u"), (.executable, "/bin/python3"), (.prefix, "/usr"), (.python, "3.11.7"),
            (.implementation, "cpython"), (.main, "-c"), (.container, "podman"), (.system, "s"), (.subsystem, "gpu"),
            (.cluster, "c"), (.jobID, "12_3"), (.stepID, "0"), (.qos, "q"), (.account, "m1"), (.partition, "p"),
        ]
        #expect(texts.count == TextField.allCases.count)
        for (field, text) in texts { #expect(record.string(field) == text, "\(field)") }
        #expect(record.pid == 17 && record.ppid == 1 && record.uid == 4_294_967_295)
        #expect(record.arrayJobID == 12 && record.arrayTaskID == 3 && record.hetGroup == 1 && record.restart == 2)
        #expect(record.numNodes == 4 && record.numTasks == 256 && record.rank == 255)
        #expect(record.isCompute == true && record.isShifter == false && record.isStaff == true)
        #expect(record.end == .killed)
        #expect(record.packages.map { record.string($0.name) } == ["numpy", "h5py", "empty"])
        #expect(record.packages.map { record.string($0.version) } == ["1.26.4", nil, ""])
        #expect(record.directIsKnown && record.direct.map { record.string($0) } == ["numpy"])
        #expect(record.part == 2 && record.parts == 3)
        #expect(!record.isLegacy && record.canary == nil && record.unknownKeys == 0)
    }

    @Test("a record that says the least leaves the rest open", arguments: ["", "null"])
    func least(value: String) throws {
        let optional = names.filter {
            !["v", "id", "packages", "service", "subservice", "version", "user", "hostname", "run", "seq", "of"]
                .contains($0)
        }
        let members = value.isEmpty ? "" : optional.map { "\"\($0)\":null" }.joined(separator: ",")
        let record = try accepted(record(members))
        #expect(describe(record) == ["id": "000102030405060708090a0b0c0d0e0f", "packages": "", "unknown": "0"])
        #expect(!record.directIsKnown && record.eventTime == nil && record.elapsed == nil && record.end == nil)
    }

    @Test("nothing of a record is left in the next one") func reuse() {
        var reading = Reading()
        let full = #""host":"h","direct":["a"],"pid":1,"canary":{"run":"r","seq":0,"of":1},"x":0,"elapsed":1"#
        #expect(reading.parse(record: record(full)) == nil)
        #expect(reading.parse(record: #"{"service":"Python","subservice":"numpy"}"#) == nil)
        #expect(reading.record.isLegacy)
        #expect(reading.parse(record: record()) == nil)
        #expect(
            describe(reading.record) == ["id": "000102030405060708090a0b0c0d0e0f", "packages": "", "unknown": "0"])
        #expect(reading.parse(record: "[") == .badJSON)
        #expect(reading.parse(record: record()) == nil)
        #expect(reading.record.packages.isEmpty && reading.record.string(.host) == nil)
    }

    @Test("required members", arguments: ["v", "id", "packages"]) func required(name: String) {
        let values = ["v": "1", "id": "\"000102030405060708090a0b0c0d0e0f\"", "packages": "{}"]
        let others = values.filter { $0.key != name }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
        #expect(reason("{\(others)}") == .missingKey)
        #expect(reason("{\(others),\"\(name)\":null}") == .missingKey)
        #expect(reason("{\"\(name)\":\(values[name] ?? ""),\(others),\"\(name)\":null}") == .missingKey)
        #expect(reason("{\"\(name)\":null,\(others),\"\(name)\":\(values[name] ?? "")}") == nil)
    }

    @Test("versions") func versions() {
        for value in ["0", "2", "-1", "10", "-0", "99999999999999999999999"] {
            #expect(reason(record("\"v\":\(value)")) == .unknownVersion, "\(value)")
        }
        for value in ["1.0", "1e0", "\"1\"", "true", "[1]", "{}"] {
            #expect(reason(record("\"v\":\(value)")) == .wrongType, "\(value)")
        }
        // A later version may well have other types.
        #expect(reason(#"{"packages":[],"pid":"x","v":2}"#) == .unknownVersion)
    }

    @Test("identities") func identities() {
        let good = "0123456789abcdefABCDEF0123456789"
        #expect(reason(record("\"id\":\"\(good)\"")) == nil)
        for bad in ["", "0", String(good.dropLast()), good + "0", "01234567-89ab-cdef-ABCD-EF0123456789"] {
            #expect(reason(record("\"id\":\"\(bad)\"")) == .badValue, "\(bad)")
        }
        for value in ["1", "{}", "[]", "true"] { #expect(reason(record("\"id\":\(value)")) == .wrongType) }
    }

    @Test("an identity takes hexadecimal digits and nothing else, at each place") func hexadecimalDigits() {
        for place in 0..<32 {
            for code in UInt8(0x20)..<0x7F where code != UInt8(ascii: "\"") && code != UInt8(ascii: "\\") {
                var id = Array("0123456789abcdef0123456789abcdef".utf8)
                id[place] = code
                let text = String(decoding: id, as: UTF8.self)
                let isDigit = Character(Unicode.Scalar(code)).isHexDigit
                #expect((reason(record("\"id\":\"\(text)\"")) == nil) == isDigit, "\(text)")
            }
        }
    }

    @Test(
        "texts",
        arguments: [
            "host", "username", "executable", "prefix", "python", "implementation", "main", "container", "system",
            "subsystem", "cluster", "job_id", "step_id", "qos", "repo", "partition",
        ]) func texts(name: String) throws
    {
        for value in ["1", "1.5", "true", "false", "[]", "{}", "[\"a\"]"] {
            #expect(reason(record("\"\(name)\":\(value)")) == .wrongType, "\(value)")
        }
        let empty = describe(try accepted(record("\"\(name)\":\"\"")))
        #expect(empty[name] == "")
        let long = String(repeating: "x", count: 8_000)
        #expect(describe(try accepted(record("\"\(name)\":\"\(long)\"")))[name] == long)
    }

    @Test(
        "integers",
        arguments: [
            ("pid", 0, 2_147_483_647), ("ppid", 0, 2_147_483_647), ("uid", 0, 4_294_967_295),
            ("array_job_id", 0, 2_147_483_647), ("array_task_id", 0, 2_147_483_647), ("het_group", 0, 2_147_483_647),
            ("restart", 0, 2_147_483_647), ("num_nodes", 0, 2_147_483_647), ("num_tasks", 0, 2_147_483_647),
            ("rank", 0, 2_147_483_647),
        ]) func integers(name: String, least: Int, most: Int) throws
    {
        for value in [least, least + 1, 12_345, most - 1, most] {
            #expect(describe(try accepted(record("\"\(name)\":\(value)")))[name] == String(value))
        }
        #expect(describe(try accepted(record("\"\(name)\":-0")))[name] == "0")
        for value in [
            "-1", "\(most + 1)", "9223372036854775807", "9223372036854775808", "18446744073709551616",
            "18446744073709551617", "100000000000000000000000000000000000000000",
        ] {
            #expect(reason(record("\"\(name)\":\(value)")) == .badValue, "\(value)")
        }
        for value in ["1.0", "1e0", "0.0", "1E+2", "\"1\"", "true", "[]", "{}"] {
            #expect(reason(record("\"\(name)\":\(value)")) == .wrongType, "\(value)")
        }
    }

    @Test("booleans", arguments: ["is_compute", "is_shifter", "is_staff"]) func booleans(name: String) throws {
        for value in ["true", "false"] {
            #expect(describe(try accepted(record("\"\(name)\":\(value)")))[name] == value)
        }
        for value in ["0", "1", "\"true\"", "[]", "{}"] {
            #expect(reason(record("\"\(name)\":\(value)")) == .wrongType, "\(value)")
        }
    }

    @Test("elapsed") func elapsed() throws {
        for text in [
            "0", "-0", "-0.0", "0.0", "1", "0.5", "12.345678", "1e3", "1E-3", "1.5e+2", "86399.999999", "1e22",
            "123456789.123456", "9007199254740992", "0.000001",
        ] {
            #expect(try accepted(record("\"elapsed\":\(text)")).elapsed == Double(text), "\(text)")
        }
        for text in [
            "0.30000000000000004", "12.345678901234567", "1.7976931348623157e308", "5e-324", "1e-400", "1e23",
            "0.00000000000000000000000000000000000000000000000000001", "123456789012345678901234567890",
            "99999999999999999999.99999999999999999999", "2.2250738585072014e-308",
            "1" + String(repeating: "0", count: 300),
            "0." + String(repeating: "0", count: 400) + "1e400", "1" + String(repeating: "0", count: 400) + "e-400",
        ] {
            let expected = Double(text) ?? .nan
            let found = try #require(try accepted(record("\"elapsed\":\(text)")).elapsed)
            #expect(abs(found - expected) <= expected * 1e-14, "\(text): \(found)")
        }
        for text in ["-1", "-0.001", "-1e-300", "1e309", "1e400", "1e99999999999999999999", "-1e400"] {
            #expect(reason(record("\"elapsed\":\(text)")) == .badValue, "\(text)")
        }
        for text in ["\"1\"", "true", "[]", "{}"] { #expect(reason(record("\"elapsed\":\(text)")) == .wrongType) }
    }

    @Test("ends") func ends() throws {
        for end in ProcessEnd.allCases {
            #expect(try accepted(record("\"end\":\"\(end.name)\"")).end == end)
        }
        for text in ["", "Exit", "exit ", "exits", "exi", "exited", "kill", "runninG"] {
            #expect(reason(record("\"end\":\"\(text)\"")) == .badValue, "\(text)")
        }
        for text in ["0", "true", "[]", "{}"] { #expect(reason(record("\"end\":\(text)")) == .wrongType) }
    }

    @Test("packages") func packages() throws {
        let twice = try accepted(record(#""packages":{"a":"1","b":null,"a":"2"}"#))
        #expect(describe(twice)["packages"] == "a=1;b=-;a=2;")
        let again = try accepted(record(#""packages":{"a":"1"},"packages":{"b":"2"}"#))
        #expect(describe(again)["packages"] == "b=2;")
        let spaced = try accepted(record("\"packages\" : { \"a\"\n:\t\"1\" ,\r\"b.c\" : null }"))
        #expect(describe(spaced)["packages"] == "a=1;b.c=-;")
        for value in ["[]", "\"a\"", "1", "true", #"{"a":1}"#, #"{"a":true}"#, #"{"a":{}}"#, #"{"a":["1"]}"#] {
            #expect(reason(record("\"packages\":\(value)")) == .wrongType, "\(value)")
        }
        #expect(reason(record(#""packages":{"":"1"}"#)) == .badValue)
        #expect(reason(record(#""packages":{"a":"1","":null}"#)) == .badValue)
    }

    @Test("the number of packages is bounded") func tooManyPackages() throws {
        func list(_ count: Int) -> String {
            "\"packages\":{" + (0..<count).map { _ in "\"a\":\"\"" }.joined(separator: ",") + "}"
        }
        #expect(try accepted(record(list(1_024))).packages.count == 1_024)
        #expect(reason(record(list(1_025))) == .tooManyPackages)
        let direct = "\"direct\":[" + (0..<1_025).map { _ in "\"a\"" }.joined(separator: ",") + "]"
        #expect(reason(record(direct)) == .tooManyPackages)
        let two = MessageParser.Limits(packages: 2)
        #expect(reason(record(list(2)), limits: two) == nil)
        #expect(reason(record(list(3)), limits: two) == .tooManyPackages)
    }

    @Test("direct imports") func direct() throws {
        let none = try accepted(record(#""direct":[]"#))
        #expect(none.directIsKnown && none.direct.isEmpty)
        #expect(try !accepted(record(#""direct":["a"],"direct":null"#)).directIsKnown)
        #expect(describe(try accepted(record(#""direct":["a"],"direct":["b", "c.d"]"#)))["direct"] == "b;c.d;")
        for value in ["{}", "\"a\"", "1", "[1]", "[null]", "[\"a\",[]]", "[true]", "[{}]"] {
            #expect(reason(record("\"direct\":\(value)")) == .wrongType, "\(value)")
        }
        #expect(reason(record(#""direct":["a",""]"#)) == .badValue)
    }

    @Test("canaries") func canaries() throws {
        let canary = try accepted(record(#""canary":{"of":48,"k":{"seq":9},"run":"r-\u0031","seq":7}"#))
        #expect(canary.canary.flatMap { canary.string($0.run) } == "r-1")
        #expect(canary.canary?.sequence == 7 && canary.canary?.of == 48 && canary.unknownKeys == 0)
        #expect(try accepted(record(#""canary":{"run":"r","seq":0,"of":1}"#)).canary?.sequence == 0)
        #expect(try accepted(record(#""canary":{"run":"r","seq":"x","of":1,"seq":1}"#)).canary?.sequence == 1)
        #expect(try accepted(record(#""canary":{"run":1},"canary":{"run":"r","seq":1,"of":1}"#)).canary != nil)
        #expect(try accepted(record(#""canary":{"run":"r","seq":1,"of":1},"canary":null"#)).canary == nil)
        #expect(try accepted(record(#""canary":{"run":1,"seq":"x"},"canary":null"#)).canary == nil)
        for value in [
            "{}", #"{"run":"r","seq":1}"#, #"{"run":"r","of":1}"#, #"{"seq":1,"of":1}"#,
            #"{"run":null,"seq":1,"of":1}"#, #"{"run":"r","seq":null,"of":1}"#,
            #"{"run":"r","seq":1,"seq":null,"of":1}"#,
        ] {
            #expect(reason(record("\"canary\":\(value)")) == .missingKey, "\(value)")
        }
        for value in [
            "1", "[]", "\"r\"", "true", #"{"run":1,"seq":1,"of":1}"#, #"{"run":"r","seq":"1","of":1}"#,
            #"{"run":"r","seq":1.0,"of":1}"#, #"{"run":"r","seq":1,"of":[]}"#,
        ] {
            #expect(reason(record("\"canary\":\(value)")) == .wrongType, "\(value)")
        }
        for value in [
            #"{"run":"","seq":1,"of":1}"#, #"{"run":"r","seq":-1,"of":1}"#, #"{"run":"r","seq":2,"of":1}"#,
            #"{"run":"r","seq":0,"of":0}"#, #"{"run":"r","seq":1,"of":2147483648}"#,
        ] {
            #expect(reason(record("\"canary\":\(value)")) == .badValue, "\(value)")
        }
    }

    @Test("a canary's names mean nothing outside of it") func canaryNames() throws {
        let outside = try accepted(record(#""run":1,"seq":"x","of":[]"#))
        #expect(outside.canary == nil && outside.unknownKeys == 3)
        #expect(reason(record(#""canary":{"run":1,"seq":1,"of":1},"run":"r""#)) == .wrongType)
        let nested = try accepted(record(#""canary":{"run":"r","seq":1,"of":1,"host":5,"v":2,"packages":0}"#))
        #expect(nested.string(.host) == nil && nested.unknownKeys == 0)
    }

    @Test("parts") func parts() throws {
        for (part, parts) in [(1, 1), (1, 2), (2, 2), (64, 64)] {
            let found = try accepted(record("\"part\":\(part),\"parts\":\(parts)"))
            #expect(found.part == Int64(part) && found.parts == Int64(parts))
        }
        for members in [
            #""part":0,"parts":2"#, #""part":3,"parts":2"#, #""part":1,"parts":65"#, #""part":65,"parts":65"#,
            #""part":1"#, #""parts":1"#, #""part":1,"parts":null"#, #""part":-1,"parts":1"#, #""part":1,"parts":0"#,
        ] {
            #expect(reason(record(members)) == .badValue, "\(members)")
        }
        #expect(reason(record(#""part":"1","parts":1"#)) == .wrongType)
    }

    @Test("unknown members are counted, also those of the older form") func unknownMembers() throws {
        #expect(try accepted(record(#""x":1,"X":{"v":2},"":[],"Host":"h","host ":1,"x":2"#)).unknownKeys == 6)
        let older = try accepted(record(#""service":7,"subservice":[],"version":{},"user":0,"hostname":true"#))
        #expect(older.unknownKeys == 5 && !older.isLegacy && older.string(.host) == nil)
        let ruby = try accepted(record(#""service":"Ruby""#))
        #expect(ruby.unknownKeys == 1 && !ruby.isLegacy)
    }

    @Test("of equal members the last counts, with its faults") func duplicates() throws {
        #expect(try accepted(record(#""pid":"x","pid":5"#)).pid == 5)
        #expect(try accepted(record(#""pid":5,"pid":6"#)).pid == 6)
        #expect(try accepted(record(#""pid":5,"pid":null"#)).pid == nil)
        #expect(try accepted(record(#""pid":"x","pid":null"#)).pid == nil)
        #expect(reason(record(#""pid":5,"pid":"x""#)) == .wrongType)
        #expect(try accepted(record(#""host":"a","h\u006fst":"b""#)).string(.host) == "b")
        #expect(try accepted(record(#""id":"zz","id":"000102030405060708090a0b0c0d0e0f""#)).id.high != 0)
    }

    @Test("names may be escaped") func escapedNames() throws {
        let json = #"{"\u0076":1,"\u0069\u0064":"000102030405060708090a0b0c0d0e0f","pack\u0061ges":{"\u006eumpy":"1"}}"#
        #expect(describe(try accepted(json))["packages"] == "numpy=1;")
        #expect(try accepted(record(#""event\u005ftimestamp":"2026-01-01T00:00:00Z""#)).eventTime != nil)
        #expect(try accepted(record(#""\u0000":1,"v\u0000":2"#)).unknownKeys == 2)
    }

    @Test(
        "escapes become text",
        arguments: [
            (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#"\u0041\u00e9\u20AC\uD83D\uDE00"#, "A\u{E9}\u{20AC}\u{1F600}"),
            (#"\u0000"#, "\u{FFFD}"), (#"a\u0000b"#, "a\u{FFFD}b"), (#"\ud800"#, "\u{FFFD}"), (#"\udfff"#, "\u{FFFD}"),
            (#"\ud800\ud800\udc00"#, "\u{FFFD}\u{10000}"), (#"\udc00\ud800"#, "\u{FFFD}\u{FFFD}"),
            (#"\ud800x"#, "\u{FFFD}x"), (#"\ud800\n"#, "\u{FFFD}\n"), (#"\ud800\u0041"#, "\u{FFFD}A"),
            (#"\udbff\udfff"#, "\u{10FFFF}"), (#"\ud800\u0000"#, "\u{FFFD}\u{FFFD}"),
            (#"\u007f\u0080"#, "\u{7F}\u{80}"),
            (#"\u07ff\u0800\uffff"#, "\u{7FF}\u{800}\u{FFFF}"), (#"1234567\n1234567\n"#, "1234567\n1234567\n"),
            (#"\n\u{E9}"#, "\n\u{E9}"), (#"\\u0041"#, #"\u0041"#),
        ] as [(String, String)]) func escapes(json: String, text: String) throws
    {
        let json = json.split(separator: #"\u{E9}"#, omittingEmptySubsequences: false).joined(separator: "\u{E9}")
        let found = try accepted(
            record("\"host\":\"\(json)\",\"main\":\"x\(json)y\",\"packages\":{\"\(json)\":\"\(json)\"}"))
        for (place, string, expected) in [
            ("host", found.string(.host), text), ("main", found.string(.main), "x\(text)y"),
            ("name", found.packages.first.flatMap { found.string($0.name) }, text),
            ("version", found.packages.first.flatMap { found.string($0.version) }, text),
        ] {
            #expect(string.map { Array($0.utf8) } == Array(expected.utf8), "\(place)")
        }
        // The text as a whole is what the record's type promises.
        #expect(String(validating: found.text, as: UTF8.self) != nil && !found.text.contains(0))
    }

    @Test("messages of the older form") func olderForm() throws {
        let found = try accepted(
            """
            {"service":"Python","subservice":"numpy","version":"1.19.2","user":"u","hostname":"n1","timestamp":3,\
            "is_compute":true,"job_id":"17","num_nodes":4,"repo":"m1","event_timestamp":"2021-02-03T04:05:06Z"}
            """)
        #expect(
            describe(found) == [
                "legacy": "true", "id": String(repeating: "0", count: 32), "packages": "numpy=1.19.2;",
                "username": "u", "host": "n1", "is_compute": "true", "job_id": "17", "num_nodes": "4", "repo": "m1",
                "event_timestamp": "1612325106000000", "unknown": "1",
            ])
        let least = try accepted(#"{"v":null,"subservice":"h5py","service":"Python"}"#)
        #expect(least.isLegacy && describe(least)["packages"] == "h5py=-;")
        let both = try accepted(
            #"{"service":"Python","subservice":"a","user":"x","username":"u","host":"h","hostname":"y"}"#)
        #expect(both.string(.username) == "u" && both.string(.host) == "h")
    }

    @Test("what an older message cannot mean is ignored") func olderFormIgnores() throws {
        let found = try accepted(
            #"{"service":"Python","subservice":"a","id":5,"packages":["x"],"part":9,"parts":"z","version":null}"#)
        #expect(describe(found)["packages"] == "a=-;" && found.id == RecordID(high: 0, low: 0) && found.part == nil)
        let other = try accepted(
            """
            {"service":"Python","subservice":"a","id":"000102030405060708090a0b0c0d0e0f","packages":{"b":"1"},\
            "part":1,"parts":2}
            """)
        #expect(describe(other)["packages"] == "a=-;" && other.id == RecordID(high: 0, low: 0) && other.parts == nil)
    }

    @Test("older messages at fault") func olderFormFaults() {
        for service in ["\"python\"", "\"Ruby\"", "\"\"", "5", "[\"Python\"]", "\"Pythons\"", "true"] {
            #expect(reason("{\"service\":\(service),\"subservice\":\"a\",\"pid\":\"x\"}") == .otherService)
        }
        #expect(reason(#"{"service":"Python"}"#) == .missingKey)
        #expect(reason(#"{"service":"Python","subservice":null}"#) == .missingKey)
        #expect(reason(#"{"service":"Python","subservice":""}"#) == .badValue)
        #expect(reason(#"{"service":"Python","subservice":5}"#) == .wrongType)
        #expect(reason(#"{"service":"Python","subservice":"a","version":1.5}"#) == .wrongType)
        #expect(reason(#"{"service":"Python","subservice":"a","user":1}"#) == .wrongType)
        #expect(reason(#"{"service":"Python","subservice":"a","pid":-1}"#) == .badValue)
        #expect(reason(#"{"service":null,"subservice":"a"}"#) == .missingKey)
        #expect(reason(#"{"subservice":"a"}"#) == .missingKey)
    }

    @Test("the syntax is blamed before the meaning") func orderOfBlame() {
        #expect(reason(#"{"v":2,"pid":"x""#) == .badJSON)
        #expect(reason(record(#""pid":"x","host":5,"x":tru"#)) == .badJSON)
        #expect(reason(#"{"service":"Ruby",}"#) == .badJSON)
        #expect(reason(Array(#"{"v":2,"x":""#.utf8) + [0xFF]) == .notUTF8)
        #expect(reason(#"{"v":2,"x":"# + String(repeating: "[", count: 600)) == .tooDeep)
        #expect(reason(#"{"v":1,"pid":"x"}"#) == .missingKey)
        #expect(reason(record(#""rank":"x","pid":-1"#)) == .badValue)
        #expect(reason(record(#""event_timestamp":"x","rank":"x""#)) == .badTimestamp)
    }

    @Test("a record of white space is empty") func empty() {
        for text in ["", " ", "\n", "\t\r\n "] { #expect(reason(text) == .empty) }
        #expect(reason("\u{0}") == .badJSON)
    }

    @Test("the size is bounded to the byte") func size() {
        func padded(_ count: Int) -> String {
            let rest = count - record(#""x":"""#).utf8.count
            return record("\"x\":\"" + String(repeating: "a", count: rest) + "\"")
        }
        #expect(reason(padded(8_192)) == nil)
        #expect(reason(padded(8_193)) == .tooLong)
        #expect(reason(padded(100_000)) == .tooLong)
        #expect(reason(String(repeating: " ", count: 8_193)) == .tooLong)
        #expect(reason(padded(100), limits: MessageParser.Limits(bytes: 100)) == nil)
        #expect(reason(padded(101), limits: MessageParser.Limits(bytes: 100)) == .tooLong)
    }
}
