import Query
import SampleRecords
import Testing

@Suite struct AccountMappingTests {
    private func read(_ text: String) throws(AccountMapping.Malformed) -> AccountMapping {
        try AccountMapping(Array(text.utf8))
    }

    @Test(
        "columns in any order, quotes, line ends, a mark of byte order, comments and other columns",
        arguments: [
            "account,project,pi,field\nm1,Dark Matter,\"Rubin, Vera\",astronomy\nm2,\"the \"\"best\"\"\",,\n",
            "\u{FEFF}account,project,pi,field\r\nm1,Dark Matter,\"Rubin, Vera\",astronomy\r\n"
                + "m2,\"the \"\"best\"\"\",,\r\n",
            "field , title,Account,PI,project\rastronomy,x,m1,\"Rubin, Vera\", Dark Matter \r"
                + ",,m2,,\"the \"\"best\"\"\"",
            "# a comment, with \"\n\naccount,project,pi,field\n\n m1 ,Dark Matter,\t\"Rubin, Vera\" ,\"astronomy\"\n"
                + "#m2,a,b,c\n\"m2\",\"the \"\"best\"\"\",\"\",\n",
        ])
    func read(text: String) throws {
        let mapping = try read(text)
        #expect(mapping.properties == [.project, .pi, .field])
        #expect(mapping.value(of: "m1", .project) == "Dark Matter")
        #expect(mapping.value(of: "m1", .pi) == "Rubin, Vera")
        #expect(mapping.value(of: "m1", .field) == "astronomy")
        #expect(mapping.value(of: "m2", .project) == "the \"best\"")
        #expect(mapping.values(of: .project) == ["(unmapped)", "Dark Matter", "the \"best\""])
    }

    @Test("what the file does not say is unmapped") func unmapped() throws {
        let mapping = try read("account,field\nm1,\nmü,biology\nm3,(unmapped)\n")
        #expect(mapping.value(of: "m1", .field) == "(unmapped)" && mapping.value(of: "m2", .field) == "(unmapped)")
        #expect(mapping.value(of: "m1", .pi) == "(unmapped)" && mapping.value(of: "m3", .field) == "(unmapped)")
        // names are bytes: a letter with an accent, and a letter and an accent, are two
        #expect(mapping.value(of: "mü", .field) == "biology" && mapping.value(of: "mu\u{308}", .field) == "(unmapped)")
        #expect(mapping.values(of: .pi) == ["(unmapped)"])
        #expect(try read("account").properties.isEmpty)
    }

    @Test("a value may have a line end in it, and the lines behind are still counted") func lineEnds() throws {
        let text = "account,pi\nm1,\"a\nb\"\nm2,\"c\r\nd\"\n"
        #expect(try read(text).value(of: "m1", .pi) == "a\nb")
        #expect(try read(text).value(of: "m2", .pi) == "c\r\nd")
        let error = #expect(throws: AccountMapping.Malformed.self) { try read(text + "m3\n") }
        #expect(error?.line == 6)
    }

    @Test("one account twice is one, if its values are the same") func twice() throws {
        #expect(try read("account,field\nm1,a\nm1,a\n").value(of: "m1", .field) == "a")
        let error = #expect(throws: AccountMapping.Malformed.self) {
            try read("account,field\nm1,a\nm2,b\nm1,a\nm1,b\n")
        }
        #expect(error?.description == "line 5: account 'm1' has other values than in line 2")
        // the other columns may differ
        #expect(try read("account,title,field\nm1,x,a\nm1,y,a\n").value(of: "m1", .field) == "a")
        #expect(throws: AccountMapping.Malformed.self) { try read("account,field\nm1,é\nm1,e\u{301}\n") }
    }

    @Test(
        "another file is refused with its line",
        arguments: [
            ("", 1, "the file is empty"), ("\n#x\n", 1, "the file is empty"),
            ("accounts,field\nm1,a", 1, "there is no column 'account'"),
            ("\naccount;field\n", 2, "there is no column 'account'"),
            ("account,field,field\n", 1, "several columns 'field'"),
            ("account,account\n", 1, "several columns 'account'"), ("account,field\nm1,a,b\n", 2, "3 values for 2"),
            ("account,field\nm1\n", 2, "1 values for 2"), ("account,field\n,a\n", 2, "no account"),
            ("account,field\nm1,\"a\nm2,b\n", 2, "a quote that is never closed"),
            ("account,field\nm1,\"a\"b\n", 2, "text behind a closing quote"),
            ("account,field\nm1,a\"b\n", 2, "a quote within a value"),
            ("account,field\nm1,\(String(repeating: "x", count: 4_097))\n", 2, "more than 4096 bytes"),
        ] as [(String, Int, String)])
    func malformed(text: String, line: Int, reason: String) {
        let error = #expect(throws: AccountMapping.Malformed.self) { try read(text) }
        #expect(error?.line == line)
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("a file that is not UTF-8 is refused") func bytes() {
        let bytes = Array("account,field\nm1,".utf8) + [0xFC, 0x0A]
        let error = #expect(throws: AccountMapping.Malformed.self) { try AccountMapping(bytes) }
        #expect(error?.description == "line 2: the text is not UTF-8")
    }

    @Test("any bytes are read to their end") func hostile() {
        var random = FixedRandom(seed: 7)
        let letters = Array("account,field\n\r\" #m1\u{FEFF}é\0".utf8)
        for _ in 0..<2_000 {
            let noise = (0..<random.below(60)).map { _ in letters[random.below(letters.count)] }
            let bytes = Array("account,field\n".utf8) + noise
            do throws(AccountMapping.Malformed) { _ = try AccountMapping(bytes) } catch { #expect(error.line >= 1) }
        }
    }
}
