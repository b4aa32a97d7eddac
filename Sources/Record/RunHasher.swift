import Checksum

/// The hash of a run. It has a meaning only in the process that made it.
public struct RunHash: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// The hash of a host's name: 48 bits, not 0. It has a meaning only in the process that made it.
public struct HostHash: Hashable, Sendable {
    public let value: UInt64

    /// Folds products under random keys, as wyhash does. It decides only between the names of hosts, no sender sees it,
    /// and for a short name it takes 75 instructions, where SipHash takes 121.
    init(_ name: UnsafeRawBufferPointer, _ keys: (UInt64, UInt64, UInt64)) {
        var hash = keys.2 &+ UInt64(name.count)
        var offset = 0
        while offset < name.count {
            let low = HostHash.word(name, offset)
            let high = HostHash.word(name, offset &+ 8)
            hash = HostHash.fold(low ^ keys.0 ^ hash, high ^ keys.1)
            offset &+= 16
        }
        value = max(HostHash.fold(hash ^ keys.1, keys.2 | 1) >> 16, 1)
    }

    /// The bytes from a place on, and zeros behind the end.
    @inline(__always)
    private static func word(_ name: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        let left = name.count &- offset
        if left >= 8 { return name.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        if left <= 0 { return 0 }
        if name.count >= 8 {
            // the word that ends with the last byte; its first bytes have been taken
            let last = name.loadUnaligned(fromByteOffset: name.count &- 8, as: UInt64.self)
            return UInt64(littleEndian: last) &>> UInt64(truncatingIfNeeded: (8 &- left) &* 8)
        }
        var word: UInt64 = 0
        for place in 0..<left { word |= UInt64(name[offset &+ place]) &<< UInt64(truncatingIfNeeded: place &* 8) }
        return word
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// - Parameter stored: the value of another one; 0 for none.
    init?(stored: UInt64) {
        if stored == 0 { return nil }
        value = stored
    }
}

/// Hashes runs, so that records of one run are recognised without comparing texts: the processes of a job differ in
/// little else than identity, time, host and rank.
///
/// The hash covers all that a record says of its run, its job and its environment, and the authority that vouches for
/// its sender. It has 128 bits under a random key of this process, so no sender can make two runs collide.
public struct RunHasher: Sendable {
    /// The bound of a key, lengths included: a package takes at least 9 bytes of a record, and 4 for the lengths of its
    /// texts.
    private static let maximumKeyBytes = 2 * maximumTextBytes + 1_024
    private static let universal = UniversalHash(maximumBytes: maximumKeyBytes)
    private static let hostKeys: (UInt64, UInt64, UInt64) = (
        .random(in: .min ... .max), .random(in: .min ... .max), .random(in: .min ... .max)
    )

    /// Behind the key is room for what `KeyWriter` writes behind its end.
    private var key = [UInt8](repeating: 0, count: maximumKeyBytes + KeyWriter.blockBytes)

    public init() {}

    /// - Returns: nil if the record is too long. Such texts are cut, and each cut must be counted.
    public mutating func hash(of record: UsageRecord, _ envelope: Envelope) -> RunHash? {
        guard record.text.count <= maximumTextBytes else { return nil }
        return key.withUnsafeMutableBytes { key in
            let count = RunHasher.write(record, envelope, to: key)
            let hash = RunHasher.universal.hash(UnsafeRawBufferPointer(key), count: count)
            return RunHash(high: hash.high, low: hash.low)
        }
    }

    /// - Returns: nil if the record names no host.
    public func hash(ofHost record: UsageRecord) -> HostHash? {
        let host = record[.host]
        guard host.count > 0 else { return nil }
        return record.withBytes(of: host) { HostHash($0, RunHasher.hostKeys) }
    }

    /// - Returns: the number of bytes in the key.
    private static func write(
        _ record: UsageRecord, _ envelope: Envelope, to key: UnsafeMutableRawBufferPointer
    ) -> Int {
        var writer = KeyWriter(key)
        writer.number(Int64(envelope.identity.rawValue))
        writer.number(envelope.uid.map { Int64($0) })
        writer.number(envelope.relay.map { Int64($0.number) })
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
        writer.end()
        return writer.count
    }

    private static func code(_ flag: Bool?) -> Int64 {
        guard let flag else { return 0 }
        return flag ? 1 : 2
    }
}

/// Writes numbers and texts so that different values never give the same bytes.
private struct KeyWriter {
    /// Short texts are written as a whole block, and zeros of that length stand behind the end.
    typealias Block = SIMD16<UInt8>
    static let blockBytes = UniversalHash.blockBytes

    private(set) var count = 0
    private let key: UnsafeMutableRawBufferPointer

    init(_ key: UnsafeMutableRawBufferPointer) { self.key = key }

    /// Writes the zeros with which `UniversalHash` wants texts to end.
    @inline(__always)
    mutating func end() { key.storeBytes(of: .zero, toByteOffset: count, as: Block.self) }

    /// An absent number is written as the smallest integer, which no record holds.
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
        let start = Int(range.start)
        let length = Int(range.count)
        guard length <= KeyWriter.blockBytes, start + KeyWriter.blockBytes <= text.count else {
            return append(UnsafeRawBufferPointer(rebasing: text[start..<start + length]))
        }
        // Most texts are so short that a call of memcpy would take most of the time. The next value is written over
        // what lies behind the text.
        let block = text.loadUnaligned(fromByteOffset: start, as: Block.self)
        key.storeBytes(of: block, toByteOffset: count, as: Block.self)
        count += length
    }

    @inline(__always)
    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: key[count..<count + bytes.count]).copyMemory(from: bytes)
        count += bytes.count
    }
}
