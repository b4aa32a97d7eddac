import Record

/// The runs of the batch at hand by what their records said, byte by byte: the processes of a job differ in little else than
/// identity, time, host and rank, and all that they share need be looked up only once.
///
/// What a record says beyond the key matters only for the first process of a run, and to claim the same of a job twice
/// changes nothing.
struct RunMemo: Sendable {
    enum Finding {
        case known(Int)
        /// The caller says by `note` which run it is.
        case new
        /// The record is too long: texts that are cut are counted, each time.
        case unfit
    }

    /// Lengths included; a package takes at least 9 bytes of a record, and 4 for the lengths of its two texts.
    private static let maximumKeyBytes = 2 * maximumTextBytes + 1_024

    private var known = SymbolTable()
    /// Indices of runs by the symbols of keys; symbol 0 is never asked for.
    private var runs: [Int32] = [0]
    private var key = [UInt8](repeating: 0, count: maximumKeyBytes)
    /// In the batch at hand.
    private var asked = 0
    private var found = 0
    /// For how many batches nothing is looked for, as the last one has shown that there is too little to be found.
    private var rest = 0

    mutating func find(_ record: UsageRecord, _ envelope: Envelope, day: Int32) -> Finding {
        guard rest == 0, record.text.count <= maximumTextBytes else { return .unfit }
        asked += 1
        let count = key.withUnsafeMutableBytes { RunMemo.write(record, envelope, day: day, to: $0) }
        let symbol = key.withUnsafeBytes { known.symbol(for: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        guard Int(symbol) < runs.count else { return .new }
        found += 1
        return .known(Int(runs[Int(symbol)]))
    }

    /// Says the run of the record for which `find` has just found nothing.
    mutating func note(run: Int) { runs.append(Int32(truncatingIfNeeded: run)) }

    mutating func reset() {
        if rest > 0 {
            rest -= 1
        } else if asked >= 1_000 && found * 4 < asked {
            rest = 7
        }
        asked = 0
        found = 0
        known.removeAll(keepingCapacity: true)
        runs.removeLast(runs.count - 1)
    }

    /// - Returns: how many bytes the key has.
    private static func write(
        _ record: UsageRecord, _ envelope: Envelope, day: Int32, to key: UnsafeMutableRawBufferPointer
    ) -> Int {
        var writer = KeyWriter(key)
        writer.number(Int64(day))
        writer.number(envelope.uid.map { Int64($0) })
        writer.number(record.uid)
        writer.number(record.restart)
        writer.number(record.numNodes)
        writer.number(record.numTasks)
        writer.number(record.arrayJobID)
        writer.number(record.arrayTaskID)
        writer.number(record.hetGroup)
        writer.number(code(record.isCompute) | code(record.isStaff) << 2 | code(record.isShifter) << 4)
        record.text.withUnsafeBytes { text in
            writer.text(record[.cluster], of: text)
            writer.text(record[.jobID], of: text)
            writer.text(record[.stepID], of: text)
            writer.text(record[.username], of: text)
            writer.text(record[.executable], of: text)
            writer.text(record[.main], of: text)
            writer.text(record[.account], of: text)
            writer.text(record[.qos], of: text)
            writer.text(record[.partition], of: text)
            writer.text(record[.prefix], of: text)
            writer.text(record[.python], of: text)
            writer.text(record[.implementation], of: text)
            writer.text(record[.container], of: text)
            writer.text(record[.system], of: text)
            writer.text(record[.subsystem], of: text)
            writer.number(Int64(record.packages.count))
            for use in record.packages {
                writer.text(use.name, of: text)
                writer.text(use.version, of: text)
            }
            writer.number(record.directIsKnown ? Int64(record.direct.count) : nil)
            if record.directIsKnown {
                for name in record.direct { writer.text(name, of: text) }
            }
        }
        return writer.count
    }

    private static func code(_ flag: Bool?) -> Int64 {
        guard let flag else { return 0 }
        return flag ? 1 : 2
    }
}

/// Writes numbers and texts so that nothing else can spell the same bytes.
private struct KeyWriter {
    private(set) var count = 0
    private let key: UnsafeMutableRawBufferPointer

    init(_ key: UnsafeMutableRawBufferPointer) { self.key = key }

    /// No number of a record is as small as what stands for none.
    @inline(__always)
    mutating func number(_ value: Int64?) {
        key.storeBytes(of: value ?? .min, toByteOffset: count, as: Int64.self)
        count += 8
    }

    @inline(__always)
    mutating func text(_ range: TextRange, of text: UnsafeRawBufferPointer) {
        key.storeBytes(of: Int16(truncatingIfNeeded: range.count), toByteOffset: count, as: Int16.self)
        count += 2
        guard range.count > 0 else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: text[Int(range.start)..<Int(range.start) + Int(range.count)])
        UnsafeMutableRawBufferPointer(rebasing: key[count..<count + bytes.count]).copyMemory(from: bytes)
        count += bytes.count
    }
}
