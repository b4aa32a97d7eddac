import Glibc
import HookTree
import Synchronization
import Testing

@Suite struct StagedTreeTests {
    private let workplace: Workplace
    private let source: HookSource

    init() throws {
        workplace = try Workplace()
        source = try workplace.source()
    }

    private func install(_ text: String, at name: String = "hook") throws {
        let place = try HookPlace(prefix: "\(workplace.path)/\(name)", files: source.files)
        let staged = try StagedTree(for: place)
        try staged.write(source, configured: Array((configured + text).utf8))
        #expect(staged.files == (source.files + place.kept).sorted())
        #expect(try staged.putInPlace() == nil)
    }

    private func mode(_ name: String) -> mode_t {
        var found = stat()
        stat("\(workplace.path)/\(name)", &found)
        return found.st_mode & 0o7777
    }

    @Test("a tree comes where nothing was, with the modes that it needs") func new() throws {
        try install("1", at: "a/b/hook")
        #expect(try workplace.text("a/b/hook/sitecustomize.py") == configured + "1")
        #expect(try workplace.text("a/b/hook/customs_hook/install/configure.py") == "2")
        for directory in ["a", "a/b", "a/b/hook", "a/b/hook/customs_hook"] { #expect(mode(directory) == 0o755) }
        #expect(mode("a/b/hook/sitecustomize.py") == 0o644)
        #expect(mode("a/b/hook/customs_sweep.py") == 0o755)
        #expect(Files.entries(of: workplace.path + "/a/b") == ["hook"])
    }

    @Test("it takes the place of an empty directory, and of an older tree") func replace() throws {
        try Files.makeDirectories(workplace.path + "/hook")
        try install("1")
        try workplace.put("hook/customs_hook/gone.py", "")
        try install("2")
        #expect(try workplace.text("hook/sitecustomize.py") == configured + "2")
        #expect(!workplace.exists("hook/customs_hook/gone.py"))
        #expect(Files.entries(of: workplace.path) == ["hook", "source"])
    }

    @Test("the times of a tree's files are the same after another installation") func times() throws {
        try install("1")
        let path = workplace.path + "/hook/sitecustomize.py"
        var before = stat()
        var after = stat()
        stat(path, &before)
        try install("2")
        stat(path, &after)
        #expect(before.st_ino != after.st_ino)
        #expect(before.st_mtim.tv_sec == 1_577_836_800)
        #expect(before.st_mtim.tv_sec == after.st_mtim.tv_sec)
        #expect(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec)
    }

    @Test("a site's own file stays the same file") func kept() throws {
        try install("1")
        let path = try workplace.put("hook/opt-out", "me")
        var before = stat()
        var after = stat()
        stat(path, &before)
        try install("2")
        stat(path, &after)
        #expect(before.st_ino == after.st_ino)
        #expect(try workplace.text("hook/opt-out") == "me")
    }

    @Test("behind a link it is the directory that is replaced") func link() throws {
        try install("1", at: "real")
        symlink("real", workplace.path + "/hook")
        try install("2")
        #expect(try workplace.text("real/sitecustomize.py") == configured + "2")
        #expect(try workplace.text("hook/sitecustomize.py") == configured + "2")
    }

    @Test("what is given up leaves nothing") func discard() throws {
        let staged = try StagedTree(for: HookPlace(prefix: workplace.path + "/hook", files: source.files))
        try staged.write(source, configured: [])
        staged.discard()
        #expect(Files.entries(of: workplace.path) == ["source"])
    }

    @Test("who reads while trees are replaced finds a whole one at every moment") func whole() throws {
        try install("0")
        let path = workplace.path + "/hook/customs_hook/install/configure.py"
        let reads = Atomic(0)
        let failures = Atomic(0)
        let isDone = Atomic(false)
        try withReader {
            while !isDone.load(ordering: .relaxed) {
                let found = (try? Files.contents(of: path)) == Array("2".utf8)
                reads.add(1, ordering: .relaxed)
                if !found { failures.add(1, ordering: .relaxed) }
            }
        } during: {
            for turn in 1...100 { try install("\(turn)") }
            isDone.store(true, ordering: .relaxed)
        }
        #expect(reads.load(ordering: .relaxed) > 100)
        #expect(failures.load(ordering: .relaxed) == 0)
    }
}

/// Runs `read` on a thread of its own while `work` goes on.
private func withReader(_ read: @Sendable () -> Void, during work: () throws -> Void) throws {
    try withoutActuallyEscaping(read) { read in
        let box = Unmanaged.passRetained(Body(read))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                argument.map { Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        #expect(code == 0)
        defer { pthread_join(thread, nil) }
        try work()
    }
}

private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
