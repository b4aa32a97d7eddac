import Archive
import Merge
import Store
import SystemClock

/// Isolates bad records after the store refused a batch of an import, so that one bad record costs only itself.
///
/// The import reads the batch's lines again, in pieces. A refused piece is halved until the bad record is alone; an
/// accepted piece lets the next one double. The bad record goes to the store's quarantine. Each piece is written with
/// its number of lines, so an interrupted import goes on at the right line.
extension ArchiveImport {
    /// A time later than any clock's.
    static let endOfTime = Int64.max / 2

    /// - Parameter end: the batch's last line is the one before it.
    /// - Throws: `.store(.unacceptable)` where the store takes not even a row of the quarantine.
    mutating func isolate(upTo end: UInt64) throws(ImportError) {
        let again = archive.reader()
        do throws(ArchiveError) {
            for _ in 0..<committed { _ = try again.nextLine { _, _ in } }
        } catch {
            throw .archive(error)
        }
        while committed < end {
            let lines = try Lines(of: again, from: committed, to: end)
            guard !lines.isEmpty else { throw .shrunk(archive: archive.name) }
            do throws(StoreError) { try isolate(lines) } catch { throw .store(error) }
        }
        merger.endReplay()
    }

    /// Handles records that were completed by waiting, not by a line.
    mutating func isolateLonelyParts() throws(StoreError) {
        while merger.expireParts(now: Self.endOfTime, limit: 1) > 0 {
            guard let why = try attempt(upTo: committed) else { continue }
            merger.undoBatch()
            merger.quarantineExpiredPart(now: Self.endOfTime, reason: why, noticed: wallClock())
            try write(upTo: committed)
        }
        merger.endReplay()
    }

    private mutating func isolate(_ lines: Lines) throws(StoreError) {
        var bisection = Bisection(committed..<lines.end)
        while let piece = bisection.piece {
            feed(lines, piece)
            guard let why = try attempt(upTo: piece.upperBound) else {
                bisection.take(before: piece.upperBound)
                continue
            }
            merger.undoBatch()
            guard bisection.refuse(before: piece.upperBound) else { continue }
            feed(lines, piece, quarantining: why)
            try write(upTo: piece.upperBound)
            bisection.setAside(before: piece.upperBound)
        }
    }

    private mutating func feed(_ lines: Lines, _ range: Range<UInt64>, quarantining reason: String? = nil) {
        for line in range {
            lines.withLine(line) { take($0, length: $1, line: line, quarantining: reason) }
        }
    }
}

/// Some lines of an archive, in memory.
private struct Lines {
    let start: UInt64
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var lengths: [Int] = []

    /// - Parameters:
    ///   - start: the number of the line that `reader` reads next.
    ///   - end: the number after the last wanted line. There are fewer if they would take more than 4 MiB.
    init(of reader: ArchiveReader, from start: UInt64, to end: UInt64) throws(ImportError) {
        self.start = start
        while self.end < end, bytes.count < 4 << 20 {
            var taken = false
            do throws(ArchiveError) {
                taken = try reader.nextLine { line, length in
                    bytes.append(contentsOf: line)
                    ends.append(bytes.count)
                    lengths.append(length)
                }
            } catch { throw .archive(error) }
            if !taken { return }
        }
    }

    var count: UInt64 { UInt64(ends.count) }
    var end: UInt64 { start + count }
    var isEmpty: Bool { ends.isEmpty }

    func withLine(_ number: UInt64, _ body: (UnsafeRawBufferPointer, _ length: Int) -> Void) {
        let index = Int(number - start)
        let from = index == 0 ? 0 : ends[index - 1]
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[from..<ends[index]]), lengths[index]) }
    }
}
