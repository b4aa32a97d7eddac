import Record

/// A record in plain values, from which tests make a `UsageRecord`.
public struct SampleRecord: Sendable {
    public struct Package: Sendable, Hashable {
        public var name: String
        public var version: String?

        public init(_ name: String, _ version: String? = nil) {
            self.name = name
            self.version = version
        }
    }

    public var id: UInt64
    public var time: Int64?
    public var elapsed: Double?
    public var texts: [TextField: String] = [:]
    public var packages: [Package] = []
    /// nil if the record does not say.
    public var direct: [String]?
    public var end: ProcessEnd?
    public var uid: Int64?
    public var restart: Int64?
    public var numNodes: Int64?
    public var numTasks: Int64?
    public var rank: Int64?
    public var isCompute: Bool?
    public var isShifter: Bool?
    public var isStaff: Bool?
    public var part: Int64?
    public var parts: Int64?
    public var canary: (run: String, sequence: Int64, of: Int64)?
    public var isLegacy = false
    public var unknownKeys = 0

    public init(id: UInt64) { self.id = id }

    public subscript(field: TextField) -> String? {
        get { texts[field] }
        set { texts[field] = newValue }
    }

    /// The key that proves the canaries of tests.
    public static let canaryKey = CanaryKey([UInt8](0..<32)) ?? .random()

    /// Makes this the record of a canary that `canaryKey` proves.
    public mutating func beCanary(of batch: String, _ sequence: Int64, of expected: Int64) {
        let name = SampleRecord.canaryKey.runName(of: batch, sequence: sequence, of: expected)
        canary = (name, sequence, expected)
    }

    /// The same record with changes.
    public func with(_ change: (inout SampleRecord) -> Void) -> SampleRecord {
        var copy = self
        change(&copy)
        return copy
    }

    public var recordID: RecordID { RecordID(high: id &* 0x9E37_79B9_7F4A_7C15, low: id) }

    /// The record as the wire's reader would fill it.
    public var usage: UsageRecord {
        var record = UsageRecord()
        func range(_ text: String) -> TextRange {
            let start = Int32(record.text.count)
            record.text.append(contentsOf: text.utf8)
            return TextRange(start: start, count: Int32(text.utf8.count))
        }
        // a sorted order, so that the same sample makes the same bytes
        for field in TextField.allCases {
            if let text = texts[field] { record[field] = range(text) }
        }
        for package in packages {
            let name = range(package.name)
            record.packages.append(PackageUse(name: name, version: package.version.map(range) ?? .absent))
        }
        if let direct {
            record.directIsKnown = true
            for name in direct { record.direct.append(range(name)) }
        }
        if let canary { record.canary = CanaryMark(run: range(canary.run), sequence: canary.sequence, of: canary.of) }
        record.id = isLegacy ? RecordID(high: 0, low: 0) : recordID
        record.eventTime = time
        record.elapsed = elapsed
        record.end = end
        record.uid = uid
        record.restart = restart
        record.numNodes = numNodes
        record.numTasks = numTasks
        record.rank = rank
        record.isCompute = isCompute
        record.isShifter = isShifter
        record.isStaff = isStaff
        record.part = part
        record.parts = parts
        record.isLegacy = isLegacy
        record.unknownKeys = unknownKeys
        return record
    }
}
