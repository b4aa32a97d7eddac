import Query
import Testing

@Suite struct MailAddressesTests {
    @Test(
        "a template has the name in it, and none for a text that is no person's name",
        arguments: [
            ("alice", "alice@example.org"), ("a.b-c_d+1", "a.b-c_d+1@example.org"), ("Ülkü", "Ülkü@example.org"),
            ("user-1", "user-1@example.org"), ("#4711", nil), ("user-0123456789abcdef", nil), ("a@b", nil),
            ("a b", nil), ("a,b", nil), ("a\nbcc:x", nil), ("<a>", nil), ("", nil),
        ] as [(String, String?)])
    func template(name: String, address: String?) {
        #expect(MailAddresses(template: "{user}@example.org").address(of: name) == address)
    }

    @Test("every mark of a template stands for the name") func marks() {
        #expect(MailAddresses(template: "{user}@{user}.example").address(of: "alice") == "alice@alice.example")
    }

    @Test("a directory has a line for each person") func directory() throws {
        let addresses = try MailAddresses(
            lines: "user,address\r\n# left\n\n alice , a@example.org\nuser-0123456789abcdef,b@example.org\n")
        #expect(addresses.address(of: "alice") == "a@example.org")
        #expect(addresses.address(of: "user-0123456789abcdef") == "b@example.org")
        #expect(addresses.address(of: "bob") == nil && addresses.address(of: "user") == nil)
        #expect(try MailAddresses(lines: "").address(of: "alice") == nil)
    }

    @Test(
        "another line is told by its number",
        arguments: [
            ("alice", 1), ("alice,a@example.org\nbob", 2), ("user,email\nalice,a", 2), ("\nalice,a@x,b@x", 2),
            ("h,h\n,a@example.org", 2),
        ])
    func malformed(lines: String, line: Int) {
        let error = #expect(throws: MailAddresses.Malformed.self) { try MailAddresses(lines: lines) }
        #expect(error?.line == line)
        #expect(error?.description == "line \(line): write USER,ADDRESS")
    }
}
