import Dispatch
import Foundation
import Journal
import Synchronization
import Testing

/// Nothing here depends on how long anything takes; a wake-up that is missed hangs the test.
@Suite struct ConcurrencyTests {
    /// Runs `body` on a thread of its own, for each number below `count`.
    private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> DispatchGroup {
        let group = DispatchGroup()
        for number in 0..<count {
            group.enter()
            Thread {
                body(number)
                group.leave()
            }.start()
        }
        return group
    }

    private func spell(_ thread: Int, _ number: Int) -> [UInt8] { [UInt8(thread)] + Array("\(number)".utf8) }

    @Test("threads append and sync while one reads and releases: every entry once, in order for each thread")
    func underRelease() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path, limits: JournalLimits(segmentBytes: 20_000))
        let threads = 4
        let perThread = 6_000
        let failures = Atomic<Int>(0)
        let appending = onThreads(threads) { thread in
            var random = Seeded(state: UInt64(thread))
            let frame = FrameBuilder()
            var next = 0
            while next < perThread {
                frame.reset()
                for _ in 0..<min(1 + random.below(8), perThread - next) {
                    frame.append { $0 += spell(thread, next) }
                    next += 1
                }
                do { try journal.append(frame, tallyIncrease: UInt64(frame.count)) } catch {
                    failures.add(1, ordering: .relaxed)
                }
            }
        }
        let syncing = onThreads(1) { _ in
            while journal.head.sequence < threads * perThread && failures.load(ordering: .relaxed) == 0 {
                do { try journal.sync() } catch { failures.add(1, ordering: .relaxed) }
            }
        }
        let reader = try journal.reader(at: nil)
        var read = [Int](repeating: 0, count: threads)
        var sequence: UInt64 = 0
        var frames = 0
        while sequence < threads * perThread && failures.load(ordering: .relaxed) == 0 {
            guard let frame = try reader.nextFrame() else {
                _ = journal.waitForAppend(after: reader.position, timeoutMilliseconds: 1_000)
                continue
            }
            for entry in frame.entries {
                let thread = Int(try #require(entry.first))
                if entry != spell(thread, read[thread]) { failures.add(1, ordering: .relaxed) }
                read[thread] += 1
            }
            #expect(frame.sequences.first == sequence)
            sequence += UInt64(frame.entries.count)
            #expect(frame.skippedTally == 0)
            #expect(reader.position == JournalPosition(sequence: sequence, tally: sequence))
            frames += 1
            if frames % 50 == 0 { journal.release(upTo: reader.position, keepingSequencesFrom: .max) }
        }
        appending.wait()
        syncing.wait()
        #expect(failures.load(ordering: .relaxed) == 0)
        #expect(read == [Int](repeating: perThread, count: threads))
        #expect(reader.position == journal.head)
        journal.release(upTo: journal.head, keepingSequencesFrom: .max)
        #expect(directory.segments.count == 1)
    }

    @Test("threads append at the bound: every entry that was accepted is read once, and none that was refused")
    func atTheBound() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(
            directory: directory.path, limits: JournalLimits(segmentBytes: 5_000, maximumBytes: 12_000))
        let threads = 3
        let accepted = Mutex([[[UInt8]]](repeating: [], count: threads))
        let refused = Atomic<Int>(0)
        let ended = Atomic<Int>(0)
        let appending = onThreads(threads) { thread in
            for number in 0..<3_000 {
                let entry = spell(thread, number)
                if refusal({ () throws(JournalError) in try append([entry], to: journal) }) == nil {
                    accepted.withLock { $0[thread].append(entry) }
                } else {
                    refused.add(1, ordering: .relaxed)
                    // so that the reader comes to run
                    usleep(100)
                }
            }
            ended.add(1, ordering: .sequentiallyConsistent)
        }
        // until the journal has been full once, nobody reads
        while refused.load(ordering: .relaxed) == 0 && ended.load(ordering: .relaxed) < threads { usleep(1_000) }
        var read = [[[UInt8]]](repeating: [], count: threads)
        let reader = try journal.reader(at: nil)
        while true {
            let isOver = ended.load(ordering: .sequentiallyConsistent) == threads
            guard let frame = try reader.nextFrame() else {
                if isOver { break }
                journal.release(upTo: reader.position, keepingSequencesFrom: 0)
                continue
            }
            #expect(frame.skippedTally == 0)
            for entry in frame.entries { read[Int(try #require(entry.first))].append(entry) }
        }
        appending.wait()
        #expect(refused.load(ordering: .relaxed) > 0)
        #expect(read == accepted.withLock { $0 })
        #expect(journal.byteCount <= 12_000)
    }

    @Test("a waiting consumer is woken by an append") func wokenByAppend() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path)
        for number in 0..<200 {
            let head = journal.head
            let appending = onThreads(1) { _ in
                if number % 2 == 0 { usleep(500) }
                do throws(JournalError) { try append([[1]], to: journal) } catch { Issue.record(error) }
            }
            #expect(journal.waitForAppend(after: head, timeoutMilliseconds: 3_600_000))
            #expect(journal.head.sequence == head.sequence + 1)
            appending.wait()
        }
        #expect(journal.waitForAppend(after: beginning, timeoutMilliseconds: 3_600_000))
    }

    @Test("a waiting consumer is woken without anything to read") func wokenByWake() throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path)
        let isOver = Atomic<Bool>(false)
        // again and again, for a call before the wait has begun is not this wait's
        let waking = onThreads(1) { _ in
            while !isOver.load(ordering: .acquiring) {
                journal.wake()
                usleep(200)
            }
        }
        for _ in 0..<20 {
            #expect(journal.waitForAppend(after: journal.head, timeoutMilliseconds: 3_600_000) == false)
        }
        isOver.store(true, ordering: .releasing)
        waking.wait()
    }

    @Test("a wait ends when its time is over", arguments: [0, 1, 20, 1_001]) func timeout(milliseconds: Int) throws {
        let directory = TemporaryDirectory()
        let journal = try Journal(directory: directory.path)
        #expect(journal.waitForAppend(after: journal.head, timeoutMilliseconds: milliseconds) == false)
    }
}
