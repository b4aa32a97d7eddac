import Checksum

/// The header of a frame; the head of `Journal.swift` describes the layout.
struct FrameHeader: Equatable {
    static let byteCount = 56
    static let magic: UInt32 = 0x4D41_5246
    /// A greater length is damage, not a frame.
    static let maximumFrameBytes = 64 << 20

    var frameBytes: Int
    var entries: Int
    var payloadBytes: Int
    var firstSequence: UInt64
    var tallyBefore: UInt64
    var tallyAfter: UInt64
    var payloadHash: UInt64

    init(
        payloadBytes: Int, entries: Int, firstSequence: UInt64, tallyBefore: UInt64, tallyAfter: UInt64,
        payloadHash: UInt64
    ) {
        frameBytes = FrameHeader.byteCount + (payloadBytes + 7) / 8 * 8
        self.entries = entries
        self.payloadBytes = payloadBytes
        self.firstSequence = firstSequence
        self.tallyBefore = tallyBefore
        self.tallyAfter = tallyAfter
        self.payloadHash = payloadHash
    }

    /// Reads a header and checks all its fields; nil if it is not one of this journal's.
    init?(_ bytes: UnsafeRawBufferPointer, seed: UInt64) {
        guard bytes.count >= FrameHeader.byteCount, load(bytes, 0) as UInt32 == FrameHeader.magic,
            XXH64.hash(UnsafeRawBufferPointer(rebasing: bytes[..<48]), seed: seed) == load(bytes, 48)
        else { return nil }
        frameBytes = Int(load(bytes, 4) as UInt32)
        entries = Int(load(bytes, 8) as UInt32)
        payloadBytes = Int(load(bytes, 12) as UInt32)
        firstSequence = load(bytes, 16)
        tallyBefore = load(bytes, 24)
        tallyAfter = load(bytes, 32)
        payloadHash = load(bytes, 40)
        guard frameBytes <= FrameHeader.maximumFrameBytes,
            frameBytes == FrameHeader.byteCount + (payloadBytes + 7) / 8 * 8, entries > 0, tallyBefore <= tallyAfter,
            firstSequence <= UInt64.max - UInt64(entries)
        else { return nil }
    }

    /// The position after the frame.
    var end: JournalPosition { JournalPosition(sequence: firstSequence + UInt64(entries), tally: tallyAfter) }

    func write(to bytes: UnsafeMutableRawBufferPointer, seed: UInt64) {
        store(FrameHeader.magic, to: bytes, at: 0)
        store(UInt32(frameBytes), to: bytes, at: 4)
        store(UInt32(entries), to: bytes, at: 8)
        store(UInt32(payloadBytes), to: bytes, at: 12)
        store(firstSequence, to: bytes, at: 16)
        store(tallyBefore, to: bytes, at: 24)
        store(tallyAfter, to: bytes, at: 32)
        store(payloadHash, to: bytes, at: 40)
        store(XXH64.hash(UnsafeRawBufferPointer(rebasing: bytes[..<48]), seed: seed), to: bytes, at: 48)
    }
}

/// The header of a segment.
struct SegmentHeader: Equatable {
    static let byteCount = 64
    static let magic: UInt64 = 0x314E_524A_5453_5543
    static let version: UInt32 = 1

    /// The journal's identity.
    let identity: [UInt8]
    let start: JournalPosition

    init(identity: [UInt8], start: JournalPosition) {
        self.identity = identity
        self.start = start
    }

    /// Nil if the header is damaged or of another version.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard SegmentHeader.version(of: bytes) == SegmentHeader.version else { return nil }
        identity = [UInt8](bytes[16..<32])
        start = JournalPosition(sequence: load(bytes, 32), tally: load(bytes, 40))
    }

    /// The version that a valid header names; nil if the header is damaged. Magic, version and checksum have the same
    /// place in every version, so that an older program can tell a newer journal from a damaged one.
    static func version(of bytes: UnsafeRawBufferPointer) -> UInt32? {
        guard bytes.count >= SegmentHeader.byteCount, load(bytes, 0) as UInt64 == SegmentHeader.magic,
            XXH64.hash(UnsafeRawBufferPointer(rebasing: bytes[..<56])) == load(bytes, 56)
        else { return nil }
        return load(bytes, 8)
    }

    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SegmentHeader.byteCount)
        bytes.withUnsafeMutableBytes { target in
            store(SegmentHeader.magic, to: target, at: 0)
            store(SegmentHeader.version, to: target, at: 8)
            store(UInt32(SegmentHeader.byteCount), to: target, at: 12)
            for (offset, byte) in identity.prefix(16).enumerated() { target[16 + offset] = byte }
            store(start.sequence, to: target, at: 32)
            store(start.tally, to: target, at: 40)
            store(XXH64.hash(UnsafeRawBufferPointer(rebasing: target[..<56])), to: target, at: 56)
        }
        return bytes
    }
}

func load<Value: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Value {
    Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
}

private func store<Value: FixedWidthInteger>(_ value: Value, to bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
    bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
}
