import Checksum
import Merge
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct StoredNameTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("what was stored is known after a restart, and nothing else is", arguments: Database.allCases)
    func known(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let stacks = [[SampleRecord.Package("numpy", "2.1"), .init("os")], [.init("e\u{301}", nil)]]
        writing.add(
            stacks.enumerated().map { place, packages in
                process(UInt64(place + 1), user: "ada\(place)", program: "run\(place).py").with {
                    $0.packages = packages
                    $0.direct = nil
                }
            }, Envelope(arrival: noon, identity: .relay, relay: RelayName("relay-1")))
        try writing.commit()
        let vocabulary = writing.merger.vocabulary
        let stored = try database.location.makeStore().storedNames()
        for (dimension, names) in [
            (.user, ["ada0", "ada1"]), (.program, ["run0.py", "run1.py"]), (.host, ["nid001"]),
            (.cluster, ["perlmutter"]), (.executable, ["/opt/python/bin/python3"]), (.relay, ["relay-1"]),
        ] as [(Dimension, [String])] {
            for name in names {
                #expect(bytes(name).withUnsafeBytes { stored.contains($0, dimension) }, "\(name)")
                #expect(!bytes(name + "x").withUnsafeBytes { stored.contains($0, dimension) })
            }
        }
        #expect(!bytes("ada0").withUnsafeBytes { stored.contains($0, .program) })
        for dimension in [Dimension.stack, .environment] {
            for symbol in 1..<Int32(vocabulary[dimension].count) {
                #expect(vocabulary.withBytes(of: symbol, dimension) { stored.contains($0, dimension) })
            }
        }
        #expect(vocabulary[.stack].count == 3)
        // another store has other hashes, and none of these names
        let other = try TestDatabase(empty: engine)
        try other.location.makeStore().migrate()
        let none = try other.location.makeStore().storedNames()
        #expect(!bytes("ada0").withUnsafeBytes { none.contains($0, .user) })
    }
}
