import Glibc
import HookTree
import Testing

@Suite struct PlaceTests {
    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    private func place(_ name: String) throws -> HookPlace {
        try HookPlace(prefix: "\(workplace.path)/\(name)", files: ["sitecustomize.py", "customs_hook/report.py"])
    }

    @Test(
        "absolute paths",
        arguments: [
            ("/a/b", "/a/b"), ("/a//b/", "/a/b"), ("/a/./b/../c", "/a/c"), ("/", "/"), ("/../..", "/"),
        ])
    func absolute(given: String, expected: String) {
        #expect(Path.absolute(given) == expected)
    }

    @Test("a relative path begins where we are") func relative() {
        #expect(Path.absolute("a/b").hasSuffix("/a/b"))
        #expect(Path.absolute("a") == Path.absolute(".") + "/a")
    }

    @Test("names and parents") func parts() {
        #expect(Path.parent("/a/b") == "/a")
        #expect(Path.parent("/a") == "/")
        #expect(Path.parent("/") == "/")
        #expect(Path.name("/a/b") == "b")
    }

    @Test("where nothing is, everything can be") func nothing() throws {
        let place = try place("deep/down/hook")
        #expect(!place.isThere)
        #expect(place.directory == workplace.path + "/deep/down/hook")
    }

    @Test("an empty directory can be taken") func empty() throws {
        try Files.makeDirectories(workplace.path + "/hook")
        #expect(try place("hook").isThere)
    }

    @Test("what is not a hook's is refused") func foreign() throws {
        try workplace.put("program/main.py", "")
        try workplace.put("theirs/sitecustomize.py", "print()")
        try workplace.put("file", "")
        for name in ["program", "theirs", "file"] {
            #expect(throws: HookTreeError.self, "\(name)") { try place(name) }
        }
    }

    @Test("what PYTHONPATH cannot hold is refused", arguments: ["a:b", "a\nb"])
    func colon(name: String) {
        #expect(throws: HookTreeError.self) { try place(name) }
    }

    @Test("the root is refused") func root() {
        #expect(throws: HookTreeError.self) { try HookPlace(prefix: "/", files: []) }
    }

    @Test("a site's own file stays, and its own code is not thrown away") func kept() throws {
        try workplace.put("hook/sitecustomize.py", configured)
        try workplace.put("hook/__pycache__/sitecustomize.cpython-311.pyc", "")
        try workplace.put("hook/opt-out", "me")
        #expect(try place("hook").kept == ["opt-out"])
        try workplace.put("hook/usercustomize.py", "")
        #expect(throws: HookTreeError.self) { try place("hook") }
    }

    @Test("a link stands for what it names") func link() throws {
        try workplace.put("real/sitecustomize.py", configured)
        symlink("real", workplace.path + "/link")
        let place = try place("link")
        #expect(place.prefix == workplace.path + "/link")
        #expect(place.directory == workplace.path + "/real")
        symlink("nowhere", workplace.path + "/dangling")
        #expect(throws: HookTreeError.self) { try self.place("dangling") }
    }

    @Test("a world-writable directory above is warned of, and one that cannot be entered") func warnings() throws {
        try Files.makeDirectories(workplace.path + "/open")
        chmod(workplace.path + "/open", 0o777)
        let open = "\(workplace.path)/open is world-writable"
        #expect(try place("open/hook").warnings.contains { $0.hasPrefix(open) })
        chmod(workplace.path, 0o750)
        let closed = "not every user can enter \(workplace.path): "
        #expect(try place("open/hook").warnings.contains { $0.hasPrefix(closed) })
    }

    @Test("what an interruption left is told") func leftovers() throws {
        try Files.makeDirectories(workplace.path + "/.hook.customs-abcdef")
        #expect(try place("hook").warnings.contains { $0.contains(".hook.customs-abcdef") })
    }

    @Test("a source is found by its files, and they are all the Python there is") func source() throws {
        let source = try workplace.source()
        try workplace.put("source/__pycache__/x.py", "")
        try workplace.put("source/.hidden.py", "")
        try workplace.put("source/README", "")
        let files = ["customs_hook/install/configure.py", "customs_sweep.py", "sitecustomize.py"]
        #expect(source.files == files)
        #expect(try HookSource(directory: source.directory, program: "/").files == files)
    }

    @Test("installed or built, the program finds the source beside it") func besideTheProgram() throws {
        _ = try workplace.source("usr/share/customs/sitecustomize")
        _ = try workplace.source("checkout/sitecustomize")
        #expect(
            try HookSource(directory: nil, program: workplace.path + "/usr/bin/customs").directory
                == workplace.path + "/usr/share/customs/sitecustomize")
        #expect(
            try HookSource(directory: nil, program: workplace.path + "/checkout/.build/any/release/customs").directory
                == workplace.path + "/checkout/sitecustomize")
    }

    @Test("where there is none, it is said where it was looked for") func noSource() {
        #expect {
            try HookSource(directory: nil, program: "/nowhere/bin/customs")
        } throws: {
            ($0 as? HookTreeError)?.description.contains("/nowhere/share/customs/sitecustomize") == true
        }
    }

    @Test("what a configured file says") func site() {
        let text =
            "WATCHED = \"\"\"\na b.c\nd\n\"\"\"\nSITE = {\n    'servers': ('udp://1.2.3.4:5', 'unixgram:///s'),\n}\n"
        let site = InstalledSite(text: text)
        #expect(site.packages == ["a", "d"])
        #expect(site.servers == ["udp://1.2.3.4:5", "unixgram:///s"])
    }
}
