import Glibc
import HookTree
import Processes
import SystemClock
import Testing

@Suite struct InterpreterTests {
    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    @Test("an interpreter says what it is, whatever a wrapper prints before") func ask() throws {
        let path = try workplace.interpreter("python3", version: "3.11.7", tag: "cpython-311", magic: "a70d")
        let interpreter = try Interpreter.ask(path)
        #expect(
            interpreter
                == Interpreter(
                    executable: path, path: path, version: "3.11.7", implementation: "cpython", tag: "cpython-311",
                    magic: "a70d"))
        #expect(interpreter.isRecorded)
    }

    @Test("recorded from 3.6 on", arguments: [("2.7.18", false), ("3.5.9", false), ("3.6.0", true), ("4.0.0", true)])
    func recorded(version: String, expected: Bool) {
        let interpreter = Interpreter(
            executable: "", path: "", version: version, implementation: "", tag: "x", magic: "")
        #expect(interpreter.isRecorded == expected)
    }

    @Test("what is no interpreter is an error", arguments: ["/bin/true", "/bin/false", "/nowhere", "/"])
    func noInterpreter(path: String) {
        #expect(throws: HookTreeError.self) { try Interpreter.ask(path) }
    }

    @Test("found by their names, each file once") func search() throws {
        for name in ["python3.11", "python3-config", "python3.11-config", "python2.7", "pypy3.10", "python3.13t"] {
            try workplace.put("bin/\(name)", "", mode: 0o755)
        }
        try workplace.put("bin/python3.9", "", mode: 0o644)
        symlink("python3.11", workplace.path + "/bin/python3")
        link(workplace.path + "/bin/python3.11", workplace.path + "/bin/python3.11m")
        try Files.makeDirectories(workplace.path + "/bin/python3.12")
        symlink("bin", workplace.path + "/again")
        let search = InterpreterSearch(directories: ["bin", "again", "nowhere"].map { workplace.path + "/" + $0 })
        #expect(search.found.map(Path.name) == ["pypy3.10", "python3", "python3.13t"])
        #expect(search.passedOver.isEmpty)
    }

    @Test("another user's is not run unless it is named", .enabled(if: geteuid() == 0)) func foreign() throws {
        let path = try workplace.put("bin/python3", "", mode: 0o755)
        chown(path, 65534, 65534)
        let search = InterpreterSearch(directories: [workplace.path + "/bin"])
        #expect(search.found.isEmpty)
        #expect(search.passedOver.first?.hasPrefix("\(path) belongs to uid 65534") == true)
    }

    @Test("directories to which root alone can write", .enabled(if: geteuid() == 0)) func rootsAlone() throws {
        try Files.makeDirectories(workplace.path + "/own/below")
        let below = workplace.path + "/own/below"
        symlink(below, workplace.path + "/link")
        #expect(Files.isRootsAlone(below) && Files.isRootsAlone(workplace.path + "/link"))
        #expect(Files.isRootsAlone(below + "/missing/too") && Files.isRootsAlone("/"))
        #expect(!Files.isRootsAlone("/tmp") && !Files.isRootsAlone("/tmp/missing-\(getpid())"))
        chmod(below, 0o777)
        #expect(!Files.isRootsAlone(below) && !Files.isRootsAlone(workplace.path + "/link"))
        chmod(below, 0o755)
        chown(workplace.path + "/own", 65534, 65534)
        #expect(!Files.isRootsAlone(below))
    }

    @Test("pyenv's are found, its shims are not") func pyenv() throws {
        try workplace.put("pyenv/versions/3.9/bin/python3", "", mode: 0o755)
        try workplace.put("pyenv/shims/python3", "", mode: 0o755)
        let root = workplace.path + "/pyenv"
        let found = InterpreterSearch(environment: ["PATH=\(root)/shims", "PYENV_ROOT=\(root)"]).found
        #expect(found.contains("\(root)/versions/3.9/bin/python3"))
        #expect(!found.contains("\(root)/shims/python3"))
    }

    @Test("each kind of compiled files is made once") func compile() throws {
        var compilation = Compilation(
            named: [],
            found: [
                try workplace.interpreter("a", version: "3.11.2", tag: "cpython-311", magic: "a70d"),
                try workplace.interpreter("b", version: "3.11.7", tag: "cpython-311", magic: "a70d"),
                try workplace.interpreter("c", version: "3.11.0", tag: "cpython-311", magic: "ff0d"),
                try workplace.interpreter("d", version: "3.9.1", tag: "cpython-39", magic: "610d", compiles: 1),
                try workplace.interpreter("e", version: "2.7.18", tag: "", magic: "03f3"),
                "/nowhere",
            ])
        var progress: [String] = []
        compilation.compile("/tree", prefix: "/opt/hook") { progress.append($0) }
        #expect(compilation.results.map { $0.isCompiled } == [true, true, false, false, false, false])
        let errors = compilation.results.map { $0.error }
        #expect(errors[0] == nil && errors[1] == nil && errors[4] == nil)
        #expect(errors[2]?.contains("each of its starts compiles the hook anew") == true)
        #expect(errors[3] == "it ended with status 1: a reason")
        #expect(errors[5] == "No such file or directory")
        #expect(progress.count == 2)
        // the failed interpreters were found, not named by the user
        #expect(compilation.isGood)
        #expect(compilation.reader?.version == "3.11.2")
    }

    @Test("one that was named has to work") func named() throws {
        let good = try workplace.interpreter("a", version: "3.11.2", tag: "cpython-311", magic: "a70d")
        var compilation = Compilation(named: [good, "/nowhere"], found: [])
        compilation.compile("/tree", prefix: "/opt/hook") { _ in }
        #expect(compilation.hasCompiled && !compilation.isGood)
        compilation = Compilation(named: [good, good], found: ["/nowhere"])
        compilation.compile("/tree", prefix: "/opt/hook") { _ in }
        #expect(compilation.isGood)
        #expect(compilation.results.count == 1)
    }

    @Test("a program's output, errors and status") func program() throws {
        let text = "echo out; echo err >&2; echo $NAME; cat; exit 3"
        let outcome = try Program("/bin/sh", ["-c", text], environment: ["NAME=value", "PATH=/bin:/usr/bin"]).run()
        #expect(outcome.status == 3)
        #expect(outcome.outputText == "out\nvalue\n")
        #expect(outcome.errorText == "err\n")
        #expect(outcome.complaint == "it ended with status 3: err")
        #expect(try Program("/bin/sh", ["-c", "kill -9 $$"], environment: []).run().status == 137)
    }

    @Test("a program whose time is up is ended, and what it started") func timeLimit() throws {
        let start = steadyMilliseconds()
        let program = Program("/bin/sh", ["-c", "sleep 60 & sleep 60"], environment: ["PATH=/bin"], timeout: 1)
        let outcome = try program.run()
        #expect(outcome.status == nil)
        #expect(outcome.complaint == "it did not end in time")
        #expect(steadyMilliseconds() - start < 30_000)
    }

    @Test("much output is no obstacle, and of errors the end is kept") func muchOutput() throws {
        let text = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"
        let outcome = try Program("/bin/sh", ["-c", text], environment: ["PATH=/bin:/usr/bin"]).run()
        #expect(outcome.output.count == 1_000_000 && outcome.errors.count == 16_384)
    }
}
