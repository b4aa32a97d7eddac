import Glibc
import Journal

/// Writes a journal and damages its files, both as the input says, and compares the read entries with the written ones:
/// no entry that was not written, none twice, and a tally that tells the number of missing ones.
func check(_ input: UnsafeRawBufferPointer) {
    var script = Script(bytes: input)
    let scratch = Scratch.shared
    scratch.clear()
    let limits = JournalLimits(segmentBytes: 200 + 8 * script.next(), maximumBytes: 1 << 20)
    var written: [[UInt8]] = []
    do throws(JournalError) {
        let journal = try Journal(directory: scratch.path, limits: limits)
        let frame = FrameBuilder()
        for _ in 0..<script.next() % 12 {
            frame.reset()
            for _ in 0...script.next() % 4 {
                let entry = [UInt8](repeating: UInt8(truncatingIfNeeded: written.count), count: script.next())
                written.append(entry)
                frame.append { $0 += entry }
            }
            try journal.append(frame, tallyIncrease: UInt64(frame.count))
        }
    } catch { preconditionFailure("a sound journal: \(error)") }
    scratch.damage(by: &script)
    do throws(JournalError) {
        let journal = try Journal(directory: scratch.path, limits: limits)
        // the length of a torn end is unknown; a consumer that had read it knows its position
        let end = UInt64(written.count)
        try journal.advance(to: JournalPosition(sequence: end, tally: end))
        let frame = FrameBuilder()
        frame.append { $0.append(0xFE) }
        try journal.append(frame, tallyIncrease: 1)
        try hold(journal, against: written)
    } catch .io(let call, let path, let code) {
        preconditionFailure("\(call) \(path): \(code)")
    } catch {
        // refused whole: files of another version, or of another journal
    }
}

private func hold(_ journal: Journal, against written: [[UInt8]]) throws(JournalError) {
    let reader = try journal.reader(at: JournalPosition(sequence: 0, tally: 0))
    var accountedFor: UInt64 = 0
    var behindLast: UInt64 = 0
    var last: [UInt8] = []
    while try reader.next({ frame in
        accountedFor += frame.skippedTally
        frame.forEach { sequence, bytes in
            precondition(sequence >= behindLast, "an entry twice")
            behindLast = sequence + 1
            accountedFor += 1
            last = [UInt8](bytes)
            precondition(sequence >= written.count || last == written[Int(sequence)], "an entry that nobody wrote")
        }
    }) {}
    precondition(last == [0xFE], "what is appended after recovery is not read")
    precondition(accountedFor == UInt64(written.count) + 1, "lost without being told, or told twice")
}

/// The input as a list of decisions; zeros follow its end.
struct Script {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isOver: Bool { place >= bytes.count }

    mutating func next() -> Int {
        guard !isOver else { return 0 }
        defer { place += 1 }
        return Int(bytes[place])
    }
}

/// A directory in memory, used again for each input.
final class Scratch {
    nonisolated(unsafe) static let shared = Scratch()
    let path: String

    private init() {
        guard let made = Scratch.make(in: "/dev/shm") ?? Scratch.make(in: "/tmp") else {
            preconditionFailure("no directory for journals in /dev/shm or /tmp")
        }
        path = made
        atexit {
            Scratch.shared.clear()
            rmdir(Scratch.shared.path)
        }
    }

    func clear() { for name in names { unlink("\(path)/\(name)") } }

    /// Cuts files, and overwrites, moves and zeroes stretches of them, until the script is over.
    func damage(by script: inout Script) {
        let files = names.filter { $0 != "lock" }
        while !script.isOver {
            let kind = script.next()
            let name = "\(path)/\(files[script.next() % files.count])"
            let file = open(name, O_RDWR | O_CLOEXEC)
            guard file >= 0 else { continue }
            defer { close(file) }
            let size = Int(lseek(file, 0, SEEK_END))
            let place = min(script.next() << 8 | script.next(), size)
            switch kind % 5 {
            case 0: ftruncate(file, off_t(place))
            case 1: unlink(name)
            case 2:
                var byte = UInt8(script.next())
                if place < size { pwrite(file, &byte, 1, off_t(place)) }
            case 3:
                let zeros = [UInt8](repeating: 0, count: min(script.next() * 8, size - place))
                pwrite(file, zeros, zeros.count, off_t(place))
            default:
                var moved = [UInt8](repeating: 0, count: script.next() * 4)
                let count = pread(file, &moved, moved.count, off_t(place))
                pwrite(file, moved, max(0, count), off_t(min(script.next() * 8, size)))
            }
        }
    }

    private static func make(in parent: String) -> String? {
        var template = Array("\(parent)/fuzz-journal-XXXXXX".utf8CString)
        return mkdtemp(&template).map { String(cString: $0) }
    }

    private var names: [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
