import JSON
import Pages
import Query
import Testing
import Web

@Suite struct PermissionTests {
    private let anyone = Permission(visitor: .anyone)
    private let alice = Permission(visitor: Visitor(role: .user, name: "alice"))
    private let bob = Permission(visitor: Visitor(role: .pi, name: "bob", accounts: ["m1"]))
    private let staff = Permission(visitor: Visitor(role: .staff, name: "carol"))

    @Test("staff asks what it wants", arguments: PageCommand.allCases)
    func all(command: PageCommand) { #expect(staff.permitted(PageQuestion(command)) == PageQuestion(command)) }

    @Test("others ask what may be published", arguments: PageCommand.allCases)
    func published(command: PageCommand) {
        let question = PageQuestion(command, "x")
        let isTold = command.sharedOptions.contains(.isPublic)
        for permission in [anyone, alice, bob] {
            let permitted = permission.permitted(question)
            if isTold {
                #expect(permitted == question.with(PageOption("public", nil)))
            } else if command == .job {
                #expect((permitted != nil) == (permission.visitor.name != nil))
            } else {
                #expect(permitted == nil)
            }
        }
    }

    @Test(
        "what is of others is not asked for",
        arguments: [
            PageQuestion(.top, options: [PageOption("per", "user")]),
            PageQuestion(.top, options: [PageOption("envelope", nil)]), PageQuestion(.user, "mallory"),
            PageQuestion(.who, "numpy"), PageQuestion(.summary), PageQuestion(.hosts), PageQuestion(.health),
            PageQuestion(.summary, options: [PageOption("account", "m2")]),
        ])
    func foreign(question: PageQuestion) {
        for permission in [anyone, alice, bob] { #expect(permission.permitted(question) == nil) }
    }

    @Test("people see their own") func own() {
        let page = PageQuestion(.user, "alice")
        #expect(alice.permitted(page) == page && bob.permitted(page) == nil && anyone.permitted(page) == nil)
        let top = PageQuestion(.top, options: [PageOption("user", "alice")])
        #expect(alice.permitted(top) == top)
        let wide = PageQuestion(.top, options: [PageOption("user", "alice"), PageOption("per", "user")])
        #expect(alice.permitted(wide) == nil)
        // to Swift these two names are equal
        #expect(
            Permission(visitor: Visitor(role: .user, name: "\u{e9}")).permitted(PageQuestion(.user, "e\u{301}")) == nil)
    }

    @Test("a PI sees the usage of own accounts") func accounts() {
        let question = PageQuestion(.top, options: [PageOption("per", "user"), PageOption("account", "m1")])
        #expect(bob.permitted(question) == question && alice.permitted(question) == nil)
        let other = PageQuestion(.top, options: [PageOption("per", "user"), PageOption("account", "m2")])
        #expect(bob.permitted(other) == nil)
        let hosts = PageQuestion(.hosts, options: [PageOption("account", "m1")])
        #expect(bob.permitted(hosts) == nil)
    }

    private func job(_ user: String, source: String, account: String = "m9", runs: [String]) -> Answer {
        Answer(facts: [
            JSON.Member("username", .text(user)), JSON.Member("account", .text(account)),
            JSON.Member("source", .text(source)),
            JSON.Member("runs", .array(runs.map { .object([JSON.Member("username", .text($0))]) })),
        ])
    }

    @Test("a job is shown to its owner by Slurm") func jobs() {
        let question = PageQuestion(.job, "1")
        #expect(alice.mayShow(job("alice", source: "slurm", runs: ["alice", "mallory"]), to: question))
        #expect(!alice.mayShow(job("mallory", source: "slurm", runs: ["alice"]), to: question))
        #expect(!anyone.mayShow(job("alice", source: "slurm", runs: []), to: question))
        #expect(staff.mayShow(job("alice", source: "environment", runs: ["x"]), to: question))
    }

    @Test("a record that says whose job it is proves nothing") func claims() {
        let question = PageQuestion(.job, "1")
        #expect(!alice.mayShow(job("alice", source: "environment", runs: ["alice", "bob"]), to: question))
        #expect(alice.mayShow(job("alice", source: "environment", runs: ["alice"]), to: question))
        #expect(!bob.mayShow(job("x", source: "environment", account: "m1", runs: ["x"]), to: question))
        #expect(bob.mayShow(job("x", source: "slurm", account: "m1", runs: ["x"]), to: question))
        #expect(!alice.mayShow(job("x", source: "slurm", account: "m1", runs: ["x"]), to: question))
    }

    @Test("a name that is not known and one of too few people look alike") func empty() {
        let answer = Answer([String](), [.text("package") { $0 }])
        #expect(!anyone.mayShow(answer, to: PageQuestion(.package, "secret")))
        #expect(!bob.mayShow(answer, to: PageQuestion(.top, options: [PageOption("account", "m2")])))
        #expect(anyone.mayShow(answer, to: PageQuestion(.top)))
        #expect(staff.mayShow(answer, to: PageQuestion(.package, "secret")))
    }
}
