import Glibc
import Processes
import Synchronization
import Testing

@Suite struct ProgramTests {
    private func shell(_ script: String, timeout: Int = 20) throws -> Program.Outcome {
        try Program("/bin/sh", ["-c", script], environment: ["PATH=/usr/bin:/bin"], timeout: timeout).run()
    }

    @Test("a program that closes its outputs and goes on has its time, and no more") func closedOutputs() throws {
        let late = try shell("exec >&- 2>&-; sleep 120", timeout: 1)
        #expect(late.status == nil)
        #expect(try shell("echo said; exec >&- 2>&-; sleep 0.3; exit 7").status == 7)
    }

    @Test("a program reads the text that it is given") func input() throws {
        let text = String(repeating: "a line\n", count: 100_000)
        let command = Program("/bin/cat", [], environment: [], input: text)
        #expect(try command.run().outputText == text)
        #expect(try Program("/bin/cat", [], environment: [], input: "").run().output == [])
        #expect(try Program("/bin/cat", [], environment: []).run().status == 0)
    }

    @Test("a program inherits no pipe of another that is started at the same time") func inheritance() throws {
        let listings = Mutex<Set<String>>([])
        let threads = (0..<8).map { _ in
            Thread {
                for _ in 0..<100 {
                    let outcome = try? Program("/bin/ls", ["-l", "/proc/self/fd"], environment: []).run()
                    let pipes = (outcome?.outputText ?? "").split(separator: "\n").compactMap { line -> Substring? in
                        guard line.contains("pipe:") else { return nil }
                        return line.split(separator: " ").dropLast(2).last
                    }
                    listings.withLock { _ = $0.insert(pipes.joined(separator: " ")) }
                }
            }
        }
        for thread in threads { thread.join() }
        // its own two, and descriptors that this process may have inherited
        #expect(listings.withLock { $0 }.count == 1)
    }

    @Test("a program runs in /, and a relative path is taken from this process's directory")
    func directory() throws {
        #expect(try shell("pwd").outputText == "/\n")
        let relative = String(repeating: "../", count: 64) + "bin/pwd"
        #expect(try Program(relative, [], environment: []).run().outputText == "/\n")
    }

    @Test("of a flood of complaints the end is kept, and that tells what went wrong") func complaints() throws {
        let outcome = try shell("head -c 3000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo the reason >&2; exit 1")
        #expect(outcome.complaint == "it ended with status 1: the reason")
        #expect(outcome.errors.count <= 16_384)
    }
}

/// A thread that is waited for.
private final class Thread: Sendable {
    private let thread: pthread_t

    init(_ body: @escaping @Sendable () -> Void) {
        final class Work: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Work(body)).toOpaque())
        self.thread = thread
    }

    func join() { pthread_join(thread, nil) }
}
