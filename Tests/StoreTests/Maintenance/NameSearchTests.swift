import Store
import Testing

@Suite struct NameSearchTests {
    @Test(
        "a name is found where it is a word of its own",
        arguments: [
            "alice", "/home/alice/run.py", "alice-proj", "/p/alice.py", "-m alice.tool", "x_alice_y", "a@alice",
        ])
    func found(text: String) { #expect(NameSearch("alice").isFound(in: Array(text.utf8))) }

    @Test("and not within other words", arguments: ["malice", "alice2", "alices", "äalice", "", "alic"])
    func within(text: String) { #expect(!NameSearch("alice").isFound(in: Array(text.utf8))) }

    @Test("each occurrence is replaced") func replaced() {
        #expect(NameSearch("al").replacing(in: "/home/al/al.py, also", by: "P") == "/home/P/P.py, also")
        #expect(NameSearch("a.b").replacing(in: "-m a.b.c axb", by: "P") == "-m P.c axb")
    }
}
