import Query
import Testing

@Suite struct EnvironmentKindsTests {
    @Test(
        "kinds by the built-in patterns",
        arguments: [
            ("/opt/conda", .conda), ("/home/ada/miniforge3/envs/x", .conda), ("/home/ada/.venv", .venv),
            ("/home/ada/src/venv", .venv), ("/usr", .system), ("/usr/local", .system), ("/usr/libexec", .other),
            ("/opt/spack/opt/linux/python-3.11", .spack), ("/opt/cray/pe/python/3.11.7", .module), ("", .other),
            ("/opt/python", .other), ("/home/ada/env", .venv), ("/apps/software/Python/3.11.3", .module),
            ("/sw/anaconda3", .conda), ("/home/ada/spack-work/.venv", .venv),
        ] as [(String, EnvironmentKinds.Kind)])
    func builtIn(prefix: String, kind: EnvironmentKinds.Kind) {
        let kinds = EnvironmentKinds()
        #expect(kinds.kind(prefix: prefix, isInContainer: false) == kind)
        #expect(kinds.kind(prefix: prefix, isInContainer: true) == .container)
    }

    @Test("a site's patterns stand in the place of those of their kind") func rules() {
        let kinds = EnvironmentKinds(["system": ["/opt/py*/3.?", "*a*b*"], "conda": ["/c"]])
        #expect(kinds.kind(prefix: "/usr", isInContainer: false) == .other)
        #expect(kinds.kind(prefix: "/opt/conda", isInContainer: false) == .other)
        #expect(kinds.kind(prefix: "/c", isInContainer: false) == .conda)
        #expect(kinds.kind(prefix: "xaxxbx", isInContainer: false) == .system)
        // only the star is special
        #expect(kinds.kind(prefix: "/opt/python/3.1", isInContainer: false) == .other)
        #expect(kinds.kind(prefix: "/opt/python/3.?", isInContainer: false) == .system)
    }

    @Test("a hostile prefix takes no long time") func long() {
        let kinds = EnvironmentKinds(["venv": ["*a*a*a*a*a*a*a*a*b"]])
        #expect(kinds.kind(prefix: String(repeating: "a", count: 4_000), isInContainer: false) == .other)
    }
}
