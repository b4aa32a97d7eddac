import Testing
import Web

@Suite struct GateTests {
    private func gate(
        _ authentication: SiteSettings.Authentication, isPublic: Bool = false,
        staff: [String] = ["carol", "@ops"], accounts: [String: [String]] = ["bob": ["m1"]]
    ) -> Gate {
        let settings = SiteSettings(
            listen: .host("127.0.0.1", port: 0), authentication: authentication, isPublic: isPublic,
            roles: Roles(staff: staff, accounts: accounts, otherwise: .user))
        return Gate(settings) { $0 == "dora" ? ["ops", "users"] : ["users"] }
    }

    @Test("without names everybody is staff, or anybody") func none() async {
        #expect(await gate(.none).answer(Gate.Claim(address: "127.0.0.1")) == .visitor(Visitor(role: .staff)))
        #expect(await gate(.none, isPublic: true).answer(Gate.Claim(address: "::1")) == .visitor(.anyone))
        // no word is believed
        let claim = Gate.Claim(address: "127.0.0.1", remoteUsers: ["carol"])
        #expect(await gate(.none, isPublic: true).answer(claim) == .visitor(.anyone))
    }

    @Test("a proxy's word counts from its address alone") func proxy() async {
        let gate = gate(.proxy(trusted: ["192.0.2.1"]), isPublic: true)
        func answer(_ address: String?, _ names: [String]) async -> Gate.Answer {
            await gate.answer(Gate.Claim(address: address, remoteUsers: names))
        }
        #expect(await answer("192.0.2.1", ["carol"]) == .visitor(Visitor(role: .staff, name: "carol")))
        #expect(await answer(nil, ["dora"]) == .visitor(Visitor(role: .staff, name: "dora")))
        #expect(await answer(nil, ["bob"]) == .visitor(Visitor(role: .pi, name: "bob", accounts: ["m1"])))
        #expect(await answer(nil, ["alice"]) == .visitor(Visitor(role: .user, name: "alice")))
        #expect(await answer(nil, []) == .visitor(.anyone))
        for names in [["carol"], []] {
            guard case .refused = await answer("192.0.2.2", names) else {
                Issue.record("\(names) from elsewhere")
                continue
            }
        }
        guard case .refused = await answer(nil, ["alice", "carol"]) else {
            Issue.record("two names")
            return
        }
    }

    @Test("names and passwords of RFC 7617") func credentials() throws {
        let pair = try #require(Gate.credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))
        #expect(pair.name == "Aladdin" && pair.password == "open sesame")
        for text in ["", "Basic", "Basic !", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic QQ==", "Basic AGE6Yg=="] {
            #expect(Gate.credentials(text) == nil, "\(text)")
        }
    }
}
