import Query
import Testing

/// Conditions on versions; the expected values are those of Python's `packaging` 26.3, with versions before a release.
@Suite struct VersionSpecifiersTests {
    private static let versions = [
        "3.8", "3.8.0rc1", "3.8.0", "3.8.10", "3.9.18", "3.10.0", "3.10.0a4", "3.11", "3.11.0rc2", "3.11.0.post1",
        "3.11.7", "3.11.7+local.1", "3.12.0.dev3", "3.13.0", "1!3.11", "2.7.18",
    ]

    private func passing(_ text: String) throws -> [String] {
        let specifiers = try #require(VersionSpecifiers(text), "\(text)")
        return Self.versions.filter { specifiers.contains($0) }
    }

    @Test(
        "all conditions hold, by PEP 440",
        arguments: [
            ("<3.9", "3.8 3.8.0rc1 3.8.0 3.8.10 2.7.18"),
            (">=3.10,<3.12", "3.10.0 3.11 3.11.0rc2 3.11.0.post1 3.11.7 3.11.7+local.1"),
            ("==3.11.*", "3.11 3.11.0rc2 3.11.0.post1 3.11.7 3.11.7+local.1"),
            ("!=3.11.*", "3.8 3.8.0rc1 3.8.0 3.8.10 3.9.18 3.10.0 3.10.0a4 3.12.0.dev3 3.13.0 1!3.11 2.7.18"),
            ("==3.11", "3.11"),
            (
                "!=3.11",
                "3.8 3.8.0rc1 3.8.0 3.8.10 3.9.18 3.10.0 3.10.0a4 3.11.0rc2 3.11.0.post1 3.11.7 "
                    + "3.11.7+local.1 3.12.0.dev3 3.13.0 1!3.11 2.7.18"
            ),
            ("==3.11.0.*", "3.11 3.11.0rc2 3.11.0.post1"),
            ("==3.11.7", "3.11.7 3.11.7+local.1"),
            ("==3.11.7+local.1", "3.11.7+local.1"),
            ("~=3.10", "3.10.0 3.11 3.11.0rc2 3.11.0.post1 3.11.7 3.11.7+local.1 3.12.0.dev3 3.13.0"),
            ("~=3.11.0", "3.11 3.11.0.post1 3.11.7 3.11.7+local.1"),
            ("~=3.8.0rc1", "3.8 3.8.0rc1 3.8.0 3.8.10"),
            ("<=3.11", "3.8 3.8.0rc1 3.8.0 3.8.10 3.9.18 3.10.0 3.10.0a4 3.11 3.11.0rc2 2.7.18"),
            (">3.11", "3.11.7 3.11.7+local.1 3.12.0.dev3 3.13.0 1!3.11"),
            (">3.11.0.post0", "3.11.0.post1 3.11.7 3.11.7+local.1 3.12.0.dev3 3.13.0 1!3.11"),
            ("<3.8", "2.7.18"),
            ("<3.8.0rc2", "3.8.0rc1 2.7.18"),
            (">3.11.7", "3.12.0.dev3 3.13.0 1!3.11"),
            (">=3.11.7", "3.11.7 3.11.7+local.1 3.12.0.dev3 3.13.0 1!3.11"),
            (">=3.13.0", "3.13.0 1!3.11"),
            ("===3.11", "3.11"),
            ("==1!3.*", "1!3.11"),
            (" >= 3.10 , != 3.11.7 ", "3.10.0 3.11 3.11.0rc2 3.11.0.post1 3.12.0.dev3 3.13.0 1!3.11"),
            (
                "<3.12",
                "3.8 3.8.0rc1 3.8.0 3.8.10 3.9.18 3.10.0 3.10.0a4 3.11 3.11.0rc2 3.11.0.post1 3.11.7 "
                    + "3.11.7+local.1 2.7.18"
            ),
        ] as [(String, String)])
    func conditions(text: String, expected: String) throws {
        #expect(try passing(text) == expected.split(separator: " ").map { String($0) })
    }

    @Test("a version alone stands for all that begin with it") func bare() throws {
        #expect(try passing("3.11") == passing("==3.11.*") && passing("3.11.*") == passing("==3.11.*"))
        #expect(try passing("3") == Self.versions.filter { $0.hasPrefix("3") })
        #expect(try passing("3.1").isEmpty)
        #expect(try passing("3.11.0rc2") == ["3.11.0rc2"])
    }

    @Test("a text that is no version passes by its letters alone", arguments: ["", "3.14.0a1+", "unknown"])
    func arbitrary(version: String) throws {
        for text in ["<4", "!=3.11", "3"] { #expect(try !#require(VersionSpecifiers(text)).contains(version)) }
        #expect(try #require(VersionSpecifiers("===3.14.0A1+")).contains(version) == (version == "3.14.0a1+"))
    }

    @Test(
        "what is no condition",
        arguments: [
            "", ",", "<", "<x", "3.x", "=3.11", "=>3.11", "<3.9,", "3.9,3.10", "<3.*", "~=3", "~=3.8.*", "<3+local",
            ">=3.8 <3.9", "==3.8rc1.*", "latest", "<3.9;", "python<3.9", "^3.9",
        ])
    func malformed(text: String) { #expect(VersionSpecifiers(text) == nil) }
}
