import Glibc
import Log
import Synchronization
import Testing

@Suite struct LineQueueTests {
    private final class Counter: Sendable {
        private let count = Atomic<UInt64>(0)

        var value: UInt64 { count.load(ordering: .relaxed) }

        func add() { count.wrappingAdd(1, ordering: .relaxed) }
    }

    /// A pipe that holds a page, and a queue that writes to it on a thread of its own.
    private final class Logged: Sendable {
        let queue: LineQueue
        let readEnd: Int32
        let drops = Counter()

        init(maximumBytes: Int) throws {
            signal(SIGPIPE, SIG_IGN)
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            // F_SETPIPE_SZ, which Swift does not show
            try #require(fcntl(ends[1], 1_031, 4_096) == 4_096)
            readEnd = ends[0]
            queue = LineQueue(descriptor: ends[1], maximumBytes: maximumBytes) { [drops] in drops.add() }
        }

        func start() {
            var thread = pthread_t()
            let work = Unmanaged.passRetained(self)
            let code = pthread_create(
                &thread, nil,
                { argument in
                    guard let argument else { return nil }
                    let logged = Unmanaged<Logged>.fromOpaque(argument).takeRetainedValue()
                    logged.queue.run { logged.queue.write("dropped \($0)\n") }
                    return nil
                }, work.toOpaque())
            guard code == 0 else { fatalError("cannot start a thread") }
            pthread_detach(thread)
        }

        /// The lines so far, read until `isEnough`.
        func read(until isEnough: ([Substring]) -> Bool) -> [Substring] {
            var text = ""
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let lines = text.split(separator: "\n")
                if text.last == "\n", isEnough(lines) { return lines }
                var ready = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
                guard poll(&ready, 1, 20_000) == 1 else { return lines }
                let count = Glibc.read(readEnd, &buffer, buffer.count)
                if count <= 0 { return lines }
                text += String(decoding: buffer[..<count], as: UTF8.self)
            }
        }
    }

    private func milliseconds(_ body: () -> Void) -> Int64 {
        let elapsed = ContinuousClock().measure(body)
        return elapsed.components.seconds * 1_000 + elapsed.components.attoseconds / 1_000_000_000_000_000
    }

    @Test("lines are written in their order") func order() throws {
        let logged = try Logged(maximumBytes: 1 << 20)
        logged.start()
        for number in 0..<3_000 { logged.queue.write("line \(number)\n") }
        let lines = logged.read { $0.count == 3_000 }
        #expect(lines == (0..<3_000).map { "line \($0)" })
        #expect(logged.drops.value == 0)
    }

    @Test("without a reader, adding does not wait: lines that do not fit are dropped, counted, and reported later")
    func notRead() throws {
        let logged = try Logged(maximumBytes: 20_000)
        logged.start()
        for number in 0..<10_000 { logged.queue.write("line \(number)\n") }
        let dropped = logged.drops.value
        #expect(dropped > 5_000)
        // the end must not wait for a reader that never reads
        #expect((50..<10_000).contains(milliseconds { logged.queue.drain(milliseconds: 100) }))
        // the pipe may have had room for a report in between
        func reported(_ lines: [Substring]) -> UInt64 {
            lines.filter { $0.hasPrefix("dropped ") }.compactMap { UInt64($0.dropFirst(8)) }.reduce(0, +)
        }
        let lines = logged.read { reported($0) == dropped }
        #expect(reported(lines) == dropped)
        let numbers = lines.filter { $0.hasPrefix("line ") }.compactMap { Int($0.dropFirst(5)) }
        #expect(numbers.count == 10_000 - Int(dropped))
        #expect(numbers == numbers.sorted())
        logged.queue.write("again\n")
        #expect(logged.read { $0.count == 1 } == ["again"])
        #expect(milliseconds { logged.queue.drain(milliseconds: 60_000) } < 50_000)
    }

    @Test("what the descriptor refuses counts as dropped, and nothing stands still") func refused() throws {
        let logged = try Logged(maximumBytes: 20_000)
        close(logged.readEnd)
        logged.start()
        for number in 0..<10 { logged.queue.write("line \(number)\n") }
        logged.queue.drain(milliseconds: 20_000)
        #expect(logged.drops.value == 10)
    }
}
