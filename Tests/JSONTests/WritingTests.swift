import JSON
import Testing

@Suite struct WritingTests {
    @Test(
        "texts are quoted as RFC 8259 asks",
        arguments: [
            ("", "\"\""), ("a\"b\\c", "\"a\\\"b\\\\c\""), ("\n\r\t", "\"\\n\\r\\t\""),
            ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\\u007f\""),
            ("é🐍/", "\"é🐍/\""), ("\r\n", "\"\\r\\n\""),
            // C1, separators, directions, width zero, tags
            ("\u{80}\u{9B}\u{2028}", "\"\\u0080\\u009b\\u2028\""), ("a\u{202E}b", "\"a\\u202eb\""),
            ("\u{200B}\u{FEFF}\u{AD}", "\"\\u200b\\ufeff\\u00ad\""), ("\u{E0041}", "\"\\udb40\\udc41\""),
        ])
    func texts(text: String, json: String) { #expect(JSON.text(text).formatted == json) }

    @Test("numbers, words and nothing") func scalars() {
        #expect(JSON.integer(.min).formatted == "-9223372036854775808")
        #expect(JSON.real(0.1).formatted == "0.1" && JSON.real(2).formatted == "2.0")
        #expect(JSON.real(1e300).formatted == "1e+300")
        #expect(JSON.real(.infinity).formatted == "null" && JSON.real(.nan).formatted == "null")
        #expect(JSON.bool(true).formatted == "true" && JSON.bool(false).formatted == "false")
        #expect(JSON.null.formatted == "null")
        #expect(JSON.text(nil) == .null && JSON.integer(nil) == .null)
    }

    @Test("lists and objects keep their order and are indented") func containers() {
        let value = JSON.object([
            "z": .array([]), "a": .object([:] as KeyValuePairs), "\"": .array([.integer(1), .object(["k": .null])]),
        ])
        #expect(
            value.formatted == """
                {
                  "z": [],
                  "a": {},
                  "\\"": [
                    1,
                    {
                      "k": null
                    }
                  ]
                }
                """)
    }
}
