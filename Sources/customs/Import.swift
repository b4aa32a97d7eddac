import ArgumentParser
import Glibc
import Query
import Record
import Store

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take records from archives: syslog lines or JSON lines, plain, gzip or zstd.",
        discussion: prose(
            """
            Each line is one message in any form that customsd receives. An archive is known by its bytes: what was
            taken from it before counts as duplicate, so an import that was interrupted is simply run again. A record
            that the store refuses is set aside in its table 'quarantine' and counted as 'refused_by_store'; the others
            are taken. Prints the counts of 'customs health' for this import.

            EXAMPLES
              customs import /var/log/python-usage.log
              customs import --store postgres:///customs 2025-*.jsonl.zst
            """))

    @OptionGroup var store: StoreOptions
    @OptionGroup var form: FormatOptions

    @Argument(help: "The archives.", completion: .file())
    var files: [String]

    func run() throws {
        let location = try store.location()
        for file in files where access(file, R_OK) != 0 {
            throw Failure(.noInput, "\(file): \(String(cString: strerror(errno)))")
        }
        var total = Health()
        for file in files {
            let progress = ProgressLine(name: file)
            var run = try ArchiveImport(path: file, store: location.makeStore())
            try run.run { progress.show($0) }
            progress.clear()
            total.add(run.counters, received: run.received, lastRecord: run.lastRecord)
        }
        let table = healthTable(total)
        try show(total.json, as: form, table: { table.formatted(for: $0) }, csv: { table })
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
