/// One entry of the journal: an accepted message with its envelope, or a tally of messages that were not accepted.
///
/// The layout, little-endian:
///
///     message   offset  0  u8   kind = 1
///                       1  u8   identity (0 claimed, 1 kernel, 2 relay)
///                       2  u8   flags: 1 = header time present, 2 = uid and pid present, 4 = relay's name present,
///                               8 = source present
///                       3  u8   0
///                       4  u32  uid, or the low half of the source
///                       8  u32  pid, or the size of the relay's name, or the high half of the source
///                      12  u32  size of what follows the record
///                      16  i64  arrival, microseconds since 1970 UTC
///                      24  i64  header time, likewise
///                      32       the JSON record as it came; then its digest (`RunDigest`, 56 bytes; 48 in earlier
///                               versions) and the relay's name, if it has them
///     tally     offset  0  u8   kind = 2
///                       1       name length (u8), name, count (u64), repeated
///
/// Tallies travel through the journal, and not beside it. So rejected messages are counted exactly once too, whatever
/// happens between the socket and the store.
public enum Entry {
    public static let messageHeader = 32

    /// Appends a message entry to `output`.
    public static func append(
        _ envelope: Envelope, record: UnsafeRawBufferPointer, digest: RunDigest? = nil,
        to output: inout [UInt8]
    ) {
        var flags: UInt8 = 0
        if envelope.headerTime != nil { flags |= 1 }
        if envelope.uid != nil { flags |= 2 }
        let relay = envelope.uid == nil ? envelope.relay?.text : nil
        let relayBytes = relay?.utf8.count ?? 0
        if relay != nil { flags |= 4 }
        if flags & 6 == 0, envelope.source != nil { flags |= 8 }
        let kind = 1 | UInt32(envelope.identity.rawValue) << 8 | UInt32(flags) << 16
        let source = flags & 8 != 0 ? envelope.source ?? 0 : 0
        let header = (
            kind.littleEndian, (envelope.uid ?? UInt32(truncatingIfNeeded: source)).littleEndian,
            (envelope.pid ?? (flags & 4 != 0 ? UInt32(relayBytes) : UInt32(truncatingIfNeeded: source >> 32)))
                .littleEndian,
            UInt32((digest == nil ? 0 : RunDigest.byteCount) + (flags & 4 != 0 ? relayBytes : 0)).littleEndian,
            envelope.arrival.littleEndian, (envelope.headerTime ?? 0).littleEndian
        )
        withUnsafeBytes(of: header) { output.append(contentsOf: $0) }
        output.append(contentsOf: record)
        digest?.append(to: &output)
        if let relay { output.append(contentsOf: relay.utf8) }
    }

    /// The digest that a message entry carries; nil if it has none.
    public static func digest(of message: UnsafeRawBufferPointer) -> RunDigest? {
        guard message.count >= messageHeader, let tail = tail(of: message), tail.digest > 0 else {
            return nil
        }
        let end = message.count - tail.relay
        return RunDigest(UnsafeRawBufferPointer(rebasing: message[(end - tail.digest)..<end]))
    }

    /// Appends a tally entry to `output`. The names are those of counters, of at most 255 bytes.
    public static func append(tally: [(name: String, count: UInt64)], to output: inout [UInt8]) {
        output.append(2)
        for (name, count) in tally {
            output.append(UInt8(truncatingIfNeeded: name.utf8.count))
            output.append(contentsOf: name.utf8)
            append(count, to: &output)
        }
    }

    /// Reads an entry; nil if this version does not know its kind.
    public static func read(_ bytes: UnsafeRawBufferPointer) -> Content? {
        guard let kind = bytes.first else { return nil }
        switch kind {
        case 1:
            guard bytes.count >= messageHeader, let identity = Identity(rawValue: bytes[1]),
                let tail = tail(of: bytes)
            else { return nil }
            let flags = bytes[2]
            let known = flags & 2 != 0
            let envelope = Envelope(
                arrival: load(bytes, 16),
                headerTime: flags & 1 != 0 ? load(bytes, 24) as Int64 : nil,
                identity: identity,
                uid: known ? load(bytes, 4) as UInt32 : nil,
                pid: known ? load(bytes, 8) as UInt32 : nil,
                relay: flags & 6 == 4
                    ? RelayName(String(decoding: bytes[(bytes.count - tail.relay)...], as: UTF8.self)) : nil,
                source: flags & 14 == 8 ? load(bytes, 4) as UInt64 : nil)
            let record = bytes[messageHeader..<bytes.count - tail.digest - tail.relay]
            return .message(envelope, record: UnsafeRawBufferPointer(rebasing: record))
        case 2:
            var tally: [(name: String, count: UInt64)] = []
            var offset = 1
            while offset < bytes.count {
                let length = Int(bytes[offset])
                guard offset + 1 + length + 8 <= bytes.count else { return nil }
                let name = String(decoding: bytes[offset + 1..<offset + 1 + length], as: UTF8.self)
                tally.append((name, load(bytes, offset + 1 + length)))
                offset += 1 + length + 8
            }
            return .tally(tally)
        default: return nil
        }
    }

    public enum Content {
        case message(Envelope, record: UnsafeRawBufferPointer)
        case tally([(name: String, count: UInt64)])
    }

    /// The sizes of what follows the record; nil if they cannot be.
    private static func tail(of message: UnsafeRawBufferPointer) -> (digest: Int, relay: Int)? {
        let relay = message[2] & 6 == 4 ? Int(load(message, 8) as UInt32) : 0
        let digest = Int(load(message, 12) as UInt32) - relay
        guard digest == 0 || digest == RunDigest.byteCount || digest == RunDigest.formerByteCount,
            relay <= RelayName.maximumBytes, message.count - messageHeader >= digest + relay
        else { return nil }
        return (digest, relay)
    }

    private static func append<Value: FixedWidthInteger>(_ value: Value, to output: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { output.append(contentsOf: $0) }
    }

    private static func load<Value: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Value {
        Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}
