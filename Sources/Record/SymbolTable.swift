import Checksum
import Glibc

/// Texts, each with a small number (its symbol) that is valid within one daemon. Symbol 0 is the empty text.
///
/// Texts lie one after another in one buffer, so that looking up a known text allocates nothing.
public struct SymbolTable: Sendable {
    private var arena: [UInt8] = []
    private var ends: [Int] = [0]
    private var hashes: [UInt64]
    /// One fingerprint for each text; it is the same in every process.
    private var fingerprints: [UInt64]
    /// A hash table with a power of two of slots. A slot holds the symbol + 1 in its low half and the hash's high half
    /// above it, or 0 if it is free.
    private var slots: [UInt64]

    public init() {
        hashes = [SymbolTable.hash(UnsafeRawBufferPointer(start: nil, count: 0))]
        fingerprints = [SymbolTable.fingerprint(UnsafeRawBufferPointer(start: nil, count: 0))]
        slots = [UInt64](repeating: 0, count: 64)
        slots[Int(truncatingIfNeeded: hashes[0]) & 63] = SymbolTable.slot(hashes[0], 0)
    }

    /// The number of symbols, the empty text's included.
    public var count: Int { ends.count }

    /// Bytes of text held.
    public var byteCount: Int { arena.count }

    /// The symbol of `bytes`, a new one if they are seen for the first time.
    public mutating func symbol(for bytes: UnsafeRawBufferPointer) -> Int32 {
        if bytes.isEmpty { return 0 }
        let hash = SymbolTable.hash(bytes)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count &- 1)
        while true {
            let occupant = slots[slot]
            if occupant == 0 { break }
            if occupant >> 32 == hash >> 32 {
                let symbol = Int(occupant & 0xFFFF_FFFF) &- 1
                if matches(symbol, bytes) { return Int32(truncatingIfNeeded: symbol) }
            }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        let symbol = Int32(ends.count)
        arena.append(contentsOf: bytes)
        ends.append(arena.count)
        hashes.append(hash)
        fingerprints.append(SymbolTable.fingerprint(bytes))
        slots[slot] = SymbolTable.slot(hash, Int(symbol))
        if ends.count * 2 > slots.count { grow() }
        return symbol
    }

    /// Calls `body` with the text of `symbol`.
    public func withBytes<Result>(of symbol: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let range = range(of: Int(symbol))
        return arena.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    fileprivate func fingerprint(of symbol: Int32) -> UInt64 { fingerprints[Int(symbol)] }

    /// The text of `symbol` as a string.
    public func string(_ symbol: Int32) -> String {
        withBytes(of: symbol) { String(decoding: $0, as: UTF8.self) }
    }

    /// Forgets all symbols but the empty text's.
    ///
    /// - Parameter keepingCapacity: whether the table keeps its memory for the next symbols.
    public mutating func removeAll(keepingCapacity: Bool = false) {
        guard keepingCapacity else { return self = SymbolTable() }
        arena.removeAll(keepingCapacity: true)
        ends.removeLast(ends.count - 1)
        hashes.removeLast(hashes.count - 1)
        fingerprints.removeLast(fingerprints.count - 1)
        for slot in slots.indices { slots[slot] = 0 }
        slots[Int(truncatingIfNeeded: hashes[0]) & (slots.count &- 1)] = SymbolTable.slot(hashes[0], 0)
    }

    private func range(of symbol: Int) -> Range<Int> {
        symbol == 0 ? 0..<0 : ends[symbol - 1]..<ends[symbol]
    }

    private func matches(_ symbol: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let range = range(of: symbol)
        guard range.count == bytes.count, let wanted = bytes.baseAddress else { return false }
        return arena.withUnsafeBytes { known in
            guard let start = known.baseAddress else { return false }
            return memcmp(start + range.lowerBound, wanted, bytes.count) == 0
        }
    }

    private mutating func grow() {
        var larger = [UInt64](repeating: 0, count: slots.count * 2)
        for symbol in hashes.indices {
            var slot = Int(truncatingIfNeeded: hashes[symbol]) & (larger.count - 1)
            while larger[slot] != 0 { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = SymbolTable.slot(hashes[symbol], symbol)
        }
        slots = larger
    }

    private static func slot(_ hash: UInt64, _ symbol: Int) -> UInt64 { (hash & ~0xFFFF_FFFF) | UInt64(symbol + 1) }

    /// Keyed by a random number of this process, so that no sender can make texts that all fall into one slot.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 { XXH64.hash(bytes, seed: processSeed) }
    private static func fingerprint(_ bytes: UnsafeRawBufferPointer) -> UInt64 { XXH64.hash(bytes, seed: 0) }
    private static let processSeed = UInt64.random(in: .min ... .max)
}

/// The dimensions along which usage is counted, each with symbols of its own.
public enum Dimension: Int, CaseIterable, Sendable {
    case user, cluster, host, executable, program, step
    case account, qos, partition
    /// Compound texts, see `CompoundKey`: the place and the interpreter of a process.
    case environment
    /// Compound: cluster, job id, restart count.
    case job
    /// Compound: the sorted packages with version and direct use.
    case stack
}

/// The symbol tables of all dimensions. They grow until `isFull` and are emptied between two batches. A new
/// `generation` tells code that holds symbols that they are no longer valid.
public struct Vocabulary: Sendable {
    public private(set) var generation = 0
    private var tables: [SymbolTable]
    private let maximumSymbols: Int
    private let maximumBytes: Int

    /// - Parameters:
    ///   - maximumSymbols: symbols a dimension may hold before the vocabulary is full.
    ///   - maximumBytes: bytes of text all dimensions together may hold.
    public init(maximumSymbols: Int = 500_000, maximumBytes: Int = 48 << 20) {
        tables = Dimension.allCases.map { _ in SymbolTable() }
        self.maximumSymbols = maximumSymbols
        self.maximumBytes = maximumBytes
    }

    public subscript(dimension: Dimension) -> SymbolTable {
        _read { yield tables[dimension.rawValue] }
        _modify { yield &tables[dimension.rawValue] }
    }

    // The next two functions are not inlined: otherwise the compiler copies the table, with a reference count for each
    // array.

    /// A fingerprint of 64 bits of a symbol's text; it is the same in every daemon.
    @inline(never)
    public func fingerprint(of symbol: Int32, _ dimension: Dimension) -> UInt64 {
        tables[dimension.rawValue].fingerprint(of: symbol)
    }

    /// Calls `body` with a symbol's text.
    @inline(never)
    public func withBytes<Result>(
        of symbol: Int32, _ dimension: Dimension, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        tables[dimension.rawValue].withBytes(of: symbol, body)
    }

    /// True once a table has reached its limit; the batch at hand may still add to it.
    public var isFull: Bool {
        var bytes = 0
        for table in tables {
            if table.count > maximumSymbols { return true }
            bytes += table.byteCount
        }
        return bytes > maximumBytes
    }

    /// Forgets all symbols.
    public mutating func empty() {
        for index in tables.indices { tables[index] = SymbolTable() }
        generation += 1
    }
}
