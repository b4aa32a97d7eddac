import Archive
import FakeStores
import Glibc
import Import
import Record
import Store
import Testing

/// Archives taken into a store that fails on order. Whatever happens, each line counts once.
@Suite struct ArchiveImportTests {
    /// Takes an archive of the records with these numbers, and of these other lines.
    ///
    /// - Returns: what the import counted.
    @discardableResult
    private func take(
        _ numbers: some Sequence<Int>, _ others: [String] = [], into store: FakeStore
    ) throws -> IngestCounters {
        let file = try TemporaryFile(numbers.map(line) + others)
        var run = try ArchiveImport(
            try Archive(path: file.path, key: try store.fingerprintKey()), into: store, lastYear: nil)
        try run.run { _ in }
        return run.counters
    }

    private func line(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        let id = String(repeating: "0", count: 32 - digits.count) + digits
        return "{\"v\":1,\"id\":\"\(id)\",\"username\":\"u\(number)\",\"packages\":{\"numpy\":\"2.0\"}}"
    }

    @Test func eachLineIsStoredOrCounted() throws {
        let store = FakeStore()
        let counted = try take(1...300, ["no record", "{"], into: store)
        #expect(counted["stored"] == 300 && counted["rejected.no_record"] + counted["rejected.bad_json"] == 2)
        #expect(store.content.users.count == 300 && store.content.accounted == 302 && store.breaches.isEmpty)
    }

    @Test func whatWasTakenBeforeIsADuplicate() throws {
        let store = FakeStore()
        try take(1...50, into: store)
        #expect(try take(1...50, into: store).values == ["duplicate": 50])
        #expect(store.content.users.count == 50)
    }

    @Test("of a batch that the store refuses only the bad line is put aside", arguments: [1, 2, 150, 299, 300])
    func refusedLine(_ bad: Int) throws {
        let store = FakeStore()
        store.refuse(["u\(bad)"])
        let counted = try take(1...300, into: store)
        #expect(counted.values == ["stored": 299, "rejected.refused_by_store": 1])
        #expect(store.content.quarantined == ["no such user: u\(bad)"])
        #expect(Set(store.content.users) == Set((1...300).filter { $0 != bad }.map { "u\($0)" }))
        #expect(store.content.accounted == 300 && store.breaches.isEmpty)
    }

    @Test func anImportThatTheStoreBreaksOffIsRunAgain() throws {
        let store = FakeStore()
        store.goAway()
        let error = #expect(throws: ImportError.self) { try take(1...10, into: store) }
        #expect(error?.description.hasPrefix("store unavailable") == true)
        store.comeBack()
        store.loseAnswers(1)
        #expect(throws: ImportError.self) { try take(1...10, into: store) }
        #expect(try take(1...10, into: store).values == ["duplicate": 10])
        #expect(store.content.counters["stored"] == 10 && store.breaches.isEmpty)
    }
}

/// A file of lines, removed with its owner.
private final class TemporaryFile {
    let path: String

    init(_ lines: [String]) throws {
        var template = Array("/tmp/customs-import-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let text = lines.map { $0 + "\n" }.joined()
        try #require(write(descriptor, text, text.utf8.count) == text.utf8.count)
    }

    deinit { unlink(path) }
}
