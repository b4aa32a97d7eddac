import Query
import Testing

@Suite struct PackageVersionTests {
    /// The order of PEP 440's own summary, and of its examples of epochs, local versions and long numbers.
    private static let ordered = [
        "1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2",
        "1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0+abc.7", "1.0+5",
        "1.0+5.1", "1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "1.9", "1.10", "2024.1",
        "99999999999999999999999999", "100000000000000000000000000", "1!0.1",
    ]

    @Test("versions in their order") func order() throws {
        let versions = try Self.ordered.map { try #require(PackageVersion($0), "\($0)") }
        for (index, version) in versions.enumerated() {
            for (other, later) in versions.enumerated() {
                #expect((version < later) == (index < other), "\(Self.ordered[index]) < \(Self.ordered[other])")
                #expect((version == later) == (index == other))
            }
        }
    }

    @Test(
        "different ways to write the same version",
        arguments: [
            ("1.0", "1"), ("1.0.0", "v1"), (" 1.0 ", "1"), ("1.0-ALPHA.1", "1a1"), ("1.0_beta", "1b0"), ("1c2", "1rc2"),
            ("1.0.preview3", "1rc3"), ("1.0-1", "1.post1"), ("1.0.rev2", "1.post2"), ("1.0r", "1.post0"),
            ("01.02", "1.2"), ("0!1", "1"), ("1.0+Ubuntu-1", "1+ubuntu.1"), ("1.0DEV", "1.dev0"),
        ])
    func same(one: String, other: String) throws {
        #expect(try #require(PackageVersion(one)) == #require(PackageVersion(other)))
    }

    @Test(
        "what is no version",
        arguments: [
            "", " ", "unknown", "1.", ".1", "1..2", "1.0-", "1.0+", "1.0+a..b", "1.0+é", "1!", "!1", "1.0 beta", "v",
            "1.x",
            "1.0.post1.post2", "1.0a1b1", "2.0.0-custom", "1\u{0}", "１.0",
        ])
    func none(text: String) { #expect(PackageVersion(text) == nil) }
}
