import Checksum
import Glibc

/// Texts, each with a small number (its symbol) that is valid within one daemon. Symbol 0 is the empty text.
///
/// Texts lie one after another in one buffer, so that looking up a known text allocates nothing.
///
/// Senders choose the texts. XXH64 is fast, but has texts that collide under every seed. So a table whose texts fall
/// into few slots changes to SipHash under a random key.
public struct SymbolTable: Sendable {
    private var arena: [UInt8] = []
    private var ends: [Int] = [0]
    private var hashes: [UInt64]
    /// A hash table with a power of two of slots. A slot holds the symbol + 1 in its low half and the hash's high half
    /// above it, or 0 if it is free.
    private var slots: [UInt64]
    private var isDefended = false

    /// The longest search that leaves the hash as it is. In a table of 500,000 random texts, half full, the longest is
    /// of some 70 slots.
    private static let longestSearch = 128

    public init() {
        hashes = [XXH64.hash(UnsafeRawBufferPointer(start: nil, count: 0), seed: SymbolTable.seed)]
        slots = [UInt64](repeating: 0, count: 64)
        slots[Int(truncatingIfNeeded: hashes[0]) & 63] = SymbolTable.slot(hashes[0], 0)
    }

    /// The number of symbols, the empty text's included.
    public var count: Int { ends.count }

    /// Bytes of text held.
    public var byteCount: Int { arena.count }

    /// The symbol of `bytes`, a new one if they are seen for the first time.
    public mutating func symbol(for bytes: UnsafeRawBufferPointer) -> Int32 { symbol(for: bytes) { true } ?? 0 }

    /// The symbol of `bytes`.
    ///
    /// - Parameter admits: whether a text that is seen for the first time gets a symbol.
    /// - Returns: nil if it gets none.
    @inline(__always)
    public mutating func symbol(for bytes: UnsafeRawBufferPointer, ifNew admits: () -> Bool) -> Int32? {
        if bytes.isEmpty { return 0 }
        let hash = hash(bytes)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count &- 1)
        let home = slot
        while true {
            let occupant = slots[slot]
            if occupant == 0 { break }
            if occupant >> 32 == hash >> 32 {
                let symbol = Int(occupant & 0xFFFF_FFFF) &- 1
                if matches(symbol, bytes) { return Int32(truncatingIfNeeded: symbol) }
            }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        guard admits() else { return nil }
        let symbol = Int32(ends.count)
        arena.append(contentsOf: bytes)
        ends.append(arena.count)
        hashes.append(hash)
        slots[slot] = SymbolTable.slot(hash, Int(symbol))
        if !isDefended, (slot &- home) & (slots.count &- 1) > SymbolTable.longestSearch { defend() }
        if ends.count * 2 > slots.count { fillSlots(count: slots.count * 2) }
        return symbol
    }

    /// Calls `body` with the text of `symbol`.
    public func withBytes<Result>(of symbol: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let range = range(of: Int(symbol))
        return arena.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

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
        for slot in slots.indices { slots[slot] = 0 }
        slots[Int(truncatingIfNeeded: hashes[0]) & (slots.count &- 1)] = SymbolTable.slot(hashes[0], 0)
    }

    /// The mean number of slots that a search for a known text visits: some 1.5 in a table half full of random texts.
    package var meanSearch: Double {
        let mask = slots.count - 1
        let visited = slots.enumerated().reduce(0) { sum, slot in
            guard slot.element != 0 else { return sum }
            let home = Int(truncatingIfNeeded: hashes[Int(slot.element & 0xFFFF_FFFF) - 1]) & mask
            return sum + (slot.offset - home) & mask + 1
        }
        return Double(visited) / Double(count)
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

    private mutating func defend() {
        isDefended = true
        for symbol in hashes.indices { hashes[symbol] = withBytes(of: Int32(symbol)) { hash($0) } }
        fillSlots(count: slots.count)
    }

    private mutating func fillSlots(count: Int) {
        var filled = [UInt64](repeating: 0, count: count)
        for symbol in hashes.indices {
            var slot = Int(truncatingIfNeeded: hashes[symbol]) & (filled.count - 1)
            while filled[slot] != 0 { slot = (slot + 1) & (filled.count - 1) }
            filled[slot] = SymbolTable.slot(hashes[symbol], symbol)
        }
        slots = filled
    }

    private static func slot(_ hash: UInt64, _ symbol: Int) -> UInt64 { (hash & ~0xFFFF_FFFF) | UInt64(symbol + 1) }

    @inline(__always)
    private func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        isDefended ? SymbolTable.keyed.hash(bytes) : XXH64.hash(bytes, seed: SymbolTable.seed)
    }

    private static let seed = UInt64.random(in: .min ... .max)
    private static let keyed = SipHash13()
}

/// The dimensions along which usage is counted, each with symbols of its own.
public enum Dimension: Int, CaseIterable, Sendable {
    case user, cluster, host, executable, program, step
    case account, qos, partition, relay
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
    ///   - maximumSymbols: symbols a dimension may hold before the vocabulary is full; all together hold twice as many.
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

    /// Calls `body` with a symbol's text. It is not inlined: otherwise the compiler copies the table, with a reference
    /// count for each array.
    @inline(never)
    public func withBytes<Result>(
        of symbol: Int32, _ dimension: Dimension, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        tables[dimension.rawValue].withBytes(of: symbol, body)
    }

    /// True once a table has reached its limit; the batch at hand may still add to it.
    public var isFull: Bool {
        var (bytes, symbols) = (0, 0)
        for table in tables {
            if table.count > maximumSymbols { return true }
            bytes += table.byteCount
            symbols += table.count - 1
        }
        return bytes > maximumBytes || symbols > 2 * maximumSymbols
    }

    /// Forgets all symbols.
    public mutating func empty() {
        for index in tables.indices { tables[index] = SymbolTable() }
        generation += 1
    }
}
