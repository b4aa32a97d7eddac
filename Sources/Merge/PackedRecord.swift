import Record

/// A record that waits for its other parts, in less memory than its messages took: a `UsageRecord` has room for a whole
/// datagram in each of its buffers.
struct PackedRecord: Sendable {
    /// The record without its packages.
    private var head: UsageRecord
    /// The names and versions of each part's packages, and its names of `direct`, as texts of a `CompoundKey`. The
    /// memory of each is as long as its texts.
    private var packages: [[UInt8]] = []
    private var direct: [[UInt8]] = []
    private var packageCount = 0
    private var directCount = 0
    /// The packages, and names of `direct`, that were beyond the limit.
    private(set) var clipped = 0
    /// The memory that it takes, bytes, counted rather too high.
    private(set) var byteCount = 0

    /// The memory of a record without any text, and of each further buffer.
    private static let headBytes = 1_500
    private static let bufferBytes = 64

    init(_ record: UsageRecord) {
        head = record.withoutPackages()
        byteCount = PackedRecord.headBytes + head.text.count
        takePackages(of: record)
    }

    /// Unites the record with another part of it.
    mutating func unite(with part: UsageRecord) {
        byteCount -= head.text.count
        head.unite(with: part.withoutPackages())
        byteCount += head.text.count
        takePackages(of: part)
    }

    /// The whole record.
    var record: UsageRecord {
        var record = head
        var uses: [TextRange] = []
        for texts in packages { record.append(texts, to: &uses) }
        record.packages = stride(from: 0, to: uses.count - 1, by: 2).map {
            PackageUse(name: uses[$0], version: uses[$0 + 1])
        }
        var names: [TextRange] = []
        for texts in direct { record.append(texts, to: &names) }
        record.direct = names
        return record
    }

    private mutating func takePackages(of part: UsageRecord) {
        let uses = part.packages.prefix(UsageRecord.mostPackages - packageCount)
        let names = part.direct.prefix(UsageRecord.mostPackages - directCount)
        packageCount += uses.count
        directCount += names.count
        clipped += part.packages.count - uses.count + part.direct.count - names.count
        keep(part.texts(of: uses.lazy.flatMap { [$0.name, $0.version] }), in: \.packages)
        keep(part.texts(of: names), in: \.direct)
    }

    private mutating func keep(_ texts: [UInt8], in buffers: WritableKeyPath<PackedRecord, [[UInt8]]>) {
        if texts.isEmpty { return }
        self[keyPath: buffers].append(texts)
        byteCount += texts.count + PackedRecord.bufferBytes
    }
}

extension UsageRecord {
    /// A copy whose buffers are as long as need be.
    fileprivate func withoutPackages() -> UsageRecord {
        var copy = self
        copy.packages = []
        copy.direct = []
        copy.text = []
        func moved(_ range: TextRange) -> TextRange {
            guard range.isPresent else { return .absent }
            defer { withBytes(of: range) { copy.text.append(contentsOf: $0) } }
            return TextRange(start: Int32(copy.text.count), count: range.count)
        }
        for field in TextField.allCases { copy[field] = moved(self[field]) }
        copy.canary = canary.map { CanaryMark(run: moved($0.run), sequence: $0.sequence, of: $0.of) }
        copy.text = Array(copy.text)
        return copy
    }

    /// These texts as a `CompoundKey` has them.
    fileprivate func texts(of ranges: some Sequence<TextRange>) -> [UInt8] {
        var count = 0
        for range in ranges { count += 2 + Int(max(0, range.count)) }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            func write(_ byte: UInt8) {
                buffer.initializeElement(at: initialized, to: byte)
                initialized += 1
            }
            for range in ranges {
                let length = range.isPresent ? UInt16(truncatingIfNeeded: range.count) : .max
                write(UInt8(truncatingIfNeeded: length))
                write(UInt8(truncatingIfNeeded: length >> 8))
                withBytes(of: range) { for byte in $0 { write(byte) } }
            }
        }
    }

    /// Appends the texts of a `CompoundKey` to the record's text, and their ranges to `ranges`.
    fileprivate mutating func append(_ texts: [UInt8], to ranges: inout [TextRange]) {
        let start = text.count
        text.append(contentsOf: texts)
        var offset = 0
        while offset + 2 <= texts.count {
            let length = UInt16(texts[offset]) | UInt16(texts[offset + 1]) << 8
            offset += 2
            if length == .max {
                ranges.append(.absent)
            } else {
                ranges.append(TextRange(start: Int32(start + offset), count: Int32(length)))
                offset += Int(length)
            }
        }
    }
}
