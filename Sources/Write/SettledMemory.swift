import Glibc
import Journal
import Record

/// A file beside the journal with the position that the store had after its last commit.
///
/// After a restart while the store is away, only this file tells how much waits. It is a hint for figures: the writer
/// goes by the store's own position.
public final class SettledMemory: Sendable {
    private let descriptor: Int32
    /// The position that an earlier daemon noted; nil if there is none.
    let noted: JournalPosition?

    /// If the file cannot be opened, nothing is remembered; nothing else fails.
    public init(path: String) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        var line = [UInt8](repeating: 0, count: SettledMemory.lineBytes)
        let count = pread(descriptor, &line, line.count, 0)
        let words = String(decoding: line.prefix(max(0, count)), as: UTF8.self).split { $0 == " " || $0 == "\n" }
        if count == line.count, words.count == 2, let sequence = UInt64(words[0], radix: 16),
            let tally = UInt64(words[1], radix: 16)
        {
            noted = JournalPosition(sequence: sequence, tally: tally)
        } else {
            noted = nil
        }
    }

    deinit { close(descriptor) }

    /// Two numbers of 16 digits.
    private static let lineBytes = 34

    /// Notes the position that the store has now.
    func note(_ position: JournalPosition) {
        var line = "\(digits(position.sequence)) \(digits(position.tally))\n"
        line.withUTF8 { _ = pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// The messages that the store has, as far as the file and the journal know, and the arrival of the oldest
    /// message that it lacks, microseconds since 1970 UTC.
    public func estimate(of journal: Journal) -> (settled: UInt64, oldestPending: Int64?) {
        let (oldest, head) = (journal.oldest, journal.head)
        var start = oldest
        if let noted, noted.sequence >= oldest.sequence, noted.tally >= oldest.tally, noted.tally <= head.tally {
            start = noted
        }
        if start.tally == head.tally { return (start.tally, nil) }
        var arrival: Int64?
        do {
            _ = try journal.reader(at: start).next { frame in
                frame.forEach { sequence, bytes in
                    guard arrival == nil, sequence >= start.sequence,
                        case .message(let envelope, _)? = Entry.read(bytes)
                    else { return }
                    arrival = envelope.arrival
                }
            }
        } catch {
            // the writer will meet the same error and report it
        }
        return (start.tally, arrival)
    }

    private func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
