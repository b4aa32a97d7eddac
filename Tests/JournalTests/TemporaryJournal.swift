import Glibc
import Journal
import TemporaryFolders

/// A directory for one test, removed with its owner.
final class TemporaryDirectory {
    private let folder = TemporaryFolder("journal-test")
    var path: String { folder.path }

    /// The segments' names in order.
    var segments: [String] { names.filter { $0.hasSuffix(".journal") } }

    var names: [String] { TemporaryFolder.names(in: path).sorted() }

    func read(_ name: String) -> [UInt8] {
        guard let file = fopen("\(path)/\(name)", "rb") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    func remove(_ name: String) { unlink("\(path)/\(name)") }

    /// Every file's content but the lock's.
    var contents: [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: names.filter { $0 != "lock" }.map { ($0, read($0)) })
    }

    func write(_ bytes: [UInt8], to name: String) {
        guard let file = fopen("\(path)/\(name)", "wb") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}

/// What a reader delivered.
struct Delivered: Equatable {
    var entries: [[UInt8]] = []
    var sequences: [UInt64] = []
    var skippedTally: UInt64 = 0
}

/// Reads all that there is from `position` on.
func readAll(_ journal: Journal, from position: JournalPosition? = nil) throws -> Delivered {
    let reader = try journal.reader(at: position)
    var delivered = Delivered()
    while try reader.next({ frame in
        delivered.skippedTally += frame.skippedTally
        frame.forEach { sequence, entry in
            delivered.entries.append([UInt8](entry))
            delivered.sequences.append(sequence)
        }
    }) {}
    return delivered
}

/// Appends entries as one frame that grows the tally by their number, or by `tally`.
@discardableResult
func append(_ entries: [[UInt8]], to journal: Journal, tally: UInt64? = nil) throws(JournalError) -> JournalPosition {
    let frame = FrameBuilder()
    for entry in entries { frame.append { $0.append(contentsOf: entry) } }
    return try journal.append(frame, tallyIncrease: tally ?? UInt64(entries.count))
}

/// An entry that tells its number and has a length that depends on it.
func entry(_ number: Int, length: Int) -> [UInt8] {
    let head = Array("entry \(number) ".utf8)
    return head + (0..<max(0, length - head.count)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
}

/// Numbers that are the same on each run (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
