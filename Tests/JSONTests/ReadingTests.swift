import JSON
import Testing

@Suite struct ReadingTests {
    private func read(_ text: String, _ members: [String: Set<String>?] = ["a": nil]) throws(JSONReadError) -> JSON {
        try JSON(Array(text.utf8), selecting: JSONSelection(members))
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let value = JSON.object([
            "a": .array([
                .null, .bool(true), .bool(false), .integer(-7), .integer(7), .real(0.5), .text("\u{1}\"\\é🐍"),
                .array([]), .object([:] as KeyValuePairs), .object(["z": .integer(1), "b": .array([.text("")])]),
            ])
        ])
        #expect(try read(value.compact) == value)
        #expect(try read(value.formatted) == value)
    }

    @Test func aNumberOfMoreThan18DigitsIsReal() throws {
        #expect(try read(#"{"a":1234567890123456789}"#)["a"] == .real(1_234_567_890_123_456_768))
    }

    @Test func onlyWhatIsSelectedIsKept() throws {
        let text = #"{"x":[1,{"y":2}],"a":[{"k":1,"n":{"k":2,"l":3}},{"n":4},5],"b":{"c":{"d":1}}}"#
        #expect(
            try read(text, ["a": ["k"], "b": nil])
                == .object([
                    "a": .array([.object(["k": .integer(1)]), .object([:] as KeyValuePairs), .integer(5)]),
                    "b": .object(["c": .object(["d": .integer(1)])]),
                ]))
    }

    @Test func membersAndElementsAreFound() throws {
        let value = try read(#"{"a":[{"k":1},2]}"#)
        #expect(value["a"].elements.map { $0["k"] } == [.integer(1), .null])
        #expect(value["b"] == .null && value["b"].elements.isEmpty)
    }

    @Test(
        "what is no JSON object is refused", arguments: ["", "[]", "1", "{", "{}x", "{\"a\":}", "{\"a\":[1,]}", "nul"])
    func noJSON(_ text: String) { #expect(throws: JSONReadError.syntax) { try read(text) } }

    @Test func nestingHasALimit() {
        let deep = "{\"a\":" + String(repeating: "[", count: 70) + String(repeating: "]", count: 70) + "}"
        #expect(throws: JSONReadError.tooDeep) { try read(deep) }
    }
}
