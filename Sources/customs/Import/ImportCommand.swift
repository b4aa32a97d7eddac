import Archive
import ArgumentParser
import Checksum
import Glibc
import Import
import JSON
import Query
import Record
import Store
import SystemClock

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import records from archives: syslog lines or JSON lines, plain, gzip or zstd.",
        discussion: prose(
            """
            Each line is one message in any form that customsd receives. An archive is recognised by its content, and
            lines that were imported before count as duplicates. So an interrupted import is simply run again. A record
            that the store refuses goes to its table 'quarantine' and is counted as 'refused_by_store'; the others are
            imported. The output has the counts of 'customs health' for this import.

            A file may be a pipe, and '-' is standard input. A pipe is first read to its end, and kept meanwhile in a
            file without a name in TMPDIR, or in /var/tmp. An archive that is damaged or cut short is not imported at
            all.

            RFC 3164 times have no year. They get the latest year that puts them at most one day ahead of now; for older
            archives, use --year.

            EXAMPLES
              customs import /var/log/python-usage.log
              customs import --store postgres:///customs 2025-*.jsonl.zst
              xz -dc messages-2024.xz | customs import --year 2024 -

            EXIT STATUS
              0   imported; rejected lines are in the counts
              64  the command line is wrong
              66  an archive cannot be read to its end; the others were imported
              69  the store cannot be reached
              74  the content of a pipe cannot be kept, or the answer cannot be written
              75  an archive has no line with a valid record
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Option(help: ArgumentHelp("Latest year for RFC 3164 times.", valueName: "year"))
    var year: Int?

    @Argument(help: "The archives; - for standard input.", completion: .file())
    var files: [String]

    func validate() throws {
        try form.format.refusePicture()
        let thisYear = Calendar.date(days: Int(Calendar.day(ofMicroseconds: wallClock()))).year
        if let year, !(2000...max(2000, thisYear)).contains(year) {
            throw ValidationError("--year \(year): from 2000 to \(max(2000, thisYear))")
        }
    }

    func run() throws {
        let location = try store.location()
        for file in files where file != "-" && access(file, R_OK) != 0 {
            throw Failure(.noInput, "\(file): \(String(cString: strerror(errno)))")
        }
        let key = try location.makeStore().fingerprintKey()
        var total = Health()
        var complaints: [Failure] = []
        for file in files {
            do {
                try take(file, into: location, key, &total)
            } catch let complaint as Failure {
                printError("customs: \(complaint.description)")
                complaints.append(complaint)
            }
        }
        try show(total.answer(), as: form)
        // an unreadable file is a more important error than rejected lines
        if let worst = complaints.first(where: { $0.code != .lost }) ?? complaints.first {
            throw ExitCode(worst.code.rawValue)
        }
    }

    /// Imports an archive, and adds its counts.
    ///
    /// - Throws: `Failure` if the archive was not imported, or not completely; `StoreError`.
    private func take(
        _ file: String, into location: StoreLocation, _ key: SipHash.Key, _ total: inout Health
    ) throws {
        let archive: Archive
        do throws(ArchiveError) { archive = try Archive(path: file, key: key) } catch { throw Failure(error) }
        let progress = ProgressLine(name: archive.name)
        var run = try accepted { () throws(ImportError) in
            try ArchiveImport(archive, into: location.makeStore(), lastYear: year)
        }
        defer { total.add(run.counters, received: run.received, lastRecord: run.lastRecord) }
        defer { progress.clear() }
        try accepted { () throws(ImportError) in try run.run { progress.show($0) } }
        if let trailing = archive.trailing {
            throw Failure(
                .noInput,
                "\(archive.name): \(trailing.bytes) bytes after the compressed data are not compressed; they were not "
                    + "taken and count as \(trailing.lines) rejected lines (trailing_data)")
        }
        if run.received == 0 { printError("customs: \(archive.name) is empty") }
        if run.received > 0, run.rejected == run.received {
            throw Failure(.lost, "\(archive.name): none of its \(run.received) lines is a valid record")
        }
    }
}

/// - Throws: `Failure` where the archive is at fault; `StoreError`.
private func accepted<Value>(_ body: () throws(ImportError) -> Value) throws -> Value {
    do throws(ImportError) { return try body() } catch {
        switch error {
        case .archive(let error): throw Failure(error)
        case .shrunk: throw Failure(.noInput, error.description)
        case .store(let error): throw error
        }
    }
}

extension Failure {
    init(_ error: ArchiveError) {
        let code: SystemExit =
            switch error {
            case .cannotOpen, .unsupported, .damaged: .noInput
            case .cannotKeep: .ioError
            }
        self.init(code, error.description)
    }
}

extension Health {
    fileprivate mutating func add(_ counters: IngestCounters, received count: UInt64, lastRecord time: Int64?) {
        received += Int64(clamping: count)
        stored += Int64(clamping: counters[IngestCounters.stored])
        merged += Int64(clamping: counters[IngestCounters.merged])
        duplicate += Int64(clamping: counters[IngestCounters.duplicate])
        for (name, value) in counters.values.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(IngestCounters.rejectedPrefix) {
            let reason = String(name.dropFirst(IngestCounters.rejectedPrefix.count))
            if let index = rejected.firstIndex(where: { $0.reason == reason }) {
                rejected[index].count += Int64(clamping: value)
            } else {
                rejected.append((reason, Int64(clamping: value)))
            }
        }
        rejected.sort { $0.reason < $1.reason }
        lastRecord = [lastRecord, time].compactMap { $0 }.max()
    }
}
