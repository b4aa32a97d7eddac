/// The usage of one day, column by column: a row for each run, or for runs that are equal in all columns here.
public struct DayRows {
    public enum Column: Int, CaseIterable, Sendable {
        /// Numbers of rows in the dictionaries; 0 if unknown, or outside a job.
        case job, user, stack, environment, account
        /// The user of the job; 0 if unknown.
        case owner
        /// `isCompute`, `isStaff`, `isPruned` and `isVouched`.
        case flags
        /// The job's number of nodes; -1 if unknown.
        case nodes
        /// The job's duration by Slurm; -1 if Slurm has none.
        case seconds
        /// The start of the first process, and the last sign of life of any: microseconds since 1970, if `seconds` is
        /// -1.
        case started, lastSeen
        case processes, exceptions, signals, killed
        /// Numbers of rows in the dictionaries, of the job; 0 if unknown. The state is Slurm's (`job_states`).
        case partition, qos, state
        /// The job's allocated CPUs and GPUs by Slurm; -1 if Slurm has told none.
        case cpus, gpus
        /// Number of a row in the dictionary of programs; 0 if unknown.
        case program
    }

    public static let isCompute: Int64 = 1
    public static let isStaff: Int64 = 2
    /// Marks pruned runs: only user, stack, environment and processes are known.
    public static let isPruned: Int64 = 4
    /// Marks runs for whose user the kernel or a relay vouches (`RunFlags.vouched`).
    public static let isVouched: Int64 = 8

    /// The SQL of the column of flags; `r` is a row of `runs` or of `pruned_usage`.
    static let flags = "((r.flags & 3) + (r.flags & 4) * 2)"

    /// Counted from 1970-01-01 UTC.
    public let day: Int
    public internal(set) var count = 0
    private var columns = [[Int64]](repeating: [], count: Column.allCases.count)

    init(day: Int) { self.day = day }

    /// One value for each row; empty if the column was not asked for.
    public internal(set) subscript(_ column: Column) -> [Int64] {
        get { columns[column.rawValue] }
        set { columns[column.rawValue] = newValue }
    }

    /// Appends a row's values.
    mutating func append(_ values: UnsafeBufferPointer<Int64>, to wanted: [Column]) {
        count += 1
        for (place, column) in wanted.enumerated() { columns[column.rawValue].append(values[place]) }
    }

    mutating func append(_ other: DayRows) {
        count += other.count
        for place in columns.indices { columns[place] += other.columns[place] }
    }
}

extension DayRows {
    /// The rows in the order of their jobs. Rows that differ only in numbers of processes and times become one.
    func merged() -> DayRows {
        let keys: [Column] = [.job, .user, .stack, .environment, .flags, .account, .owner, .nodes, .seconds, .program]
        func same(_ left: Int, _ right: Int) -> Bool {
            keys.allSatisfy { columns[$0.rawValue][left] == columns[$0.rawValue][right] }
        }
        let order = (0..<count).sorted { left, right in
            for key in keys {
                let (one, other) = (columns[key.rawValue][left], columns[key.rawValue][right])
                if one != other { return one < other }
            }
            return false
        }
        var result = DayRows(day: day)
        var last: Int?
        for row in order {
            if let last, same(last, row) {
                result.merge(row, of: self)
            } else {
                for place in columns.indices { result.columns[place].append(columns[place][row]) }
                result.count += 1
            }
            last = row
        }
        return result
    }

    private mutating func merge(_ row: Int, of other: DayRows) {
        func value(_ column: Column) -> Int64 { other.columns[column.rawValue][row] }
        let place = count - 1
        for column in [Column.processes, .exceptions, .signals, .killed] {
            columns[column.rawValue][place] += value(column)
        }
        columns[Column.started.rawValue][place] = min(columns[Column.started.rawValue][place], value(.started))
        columns[Column.lastSeen.rawValue][place] = max(columns[Column.lastSeen.rawValue][place], value(.lastSeen))
    }
}

/// A column as bytes: the number of bytes of a value (0, 1, 2, 4 or 8), the smallest value (8 bytes), then each value's
/// distance from it. If it is shorter, a second form: 255, the most frequent value (8 bytes), and for each other row
/// its index (4 bytes) and value (8 bytes). All numbers are little-endian.
public enum PackedColumn {
    private static let head = 9

    public static func pack(_ values: [Int64]) -> [UInt8] {
        let least = values.min() ?? 0
        let widest = (values.max() ?? 0) &- least
        let span = UInt64(bitPattern: widest)
        let width = span == 0 ? 0 : span <= 0xFF ? 1 : span <= 0xFFFF ? 2 : span <= 0xFFFF_FFFF ? 4 : 8
        let common = mostCommon(values)
        let others = values.lazy.filter { $0 != common }.count
        if others * exception < width * values.count { return sparse(values, common) }
        var bytes: [UInt8] = [UInt8(width)]
        bytes.reserveCapacity(head + width * values.count)
        withUnsafeBytes(of: least.littleEndian) { bytes.append(contentsOf: $0) }
        if width == 0 { return bytes }
        for value in values {
            withUnsafeBytes(of: (value &- least).littleEndian) { bytes.append(contentsOf: $0.prefix(width)) }
        }
        return bytes
    }

    /// - Throws: `StoreError.schema` if the bytes are not `count` values.
    public static func unpack(_ bytes: UnsafeRawBufferPointer, count: Int) throws(StoreError) -> [Int64] {
        guard bytes.count >= head, count >= 0 else { throw damaged }
        let width = Int(bytes[0])
        if width == isSparse { return try unpack(sparse: bytes, count: count) }
        guard [0, 1, 2, 4, 8].contains(width), bytes.count == head + width * count else { throw damaged }
        let least = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 1, as: Int64.self))
        switch width {
        case 0: return [Int64](repeating: least, count: count)
        case 1: return values(bytes, count) { least &+ Int64($0 as UInt8) }
        case 2: return values(bytes, count) { least &+ Int64(UInt16(littleEndian: $0)) }
        case 4: return values(bytes, count) { least &+ Int64(UInt32(littleEndian: $0)) }
        default: return values(bytes, count) { least &+ Int64(bitPattern: UInt64(littleEndian: $0)) }
        }
    }

    private static let isSparse = 255
    /// The size of an index and a value in bytes.
    private static let exception = 12

    /// The value of more than half of them, if there is one; otherwise any of them.
    private static func mostCommon(_ values: [Int64]) -> Int64 {
        var candidate: Int64 = 0
        var votes = 0
        for value in values {
            if votes == 0 { candidate = value }
            votes += value == candidate ? 1 : -1
        }
        return candidate
    }

    private static func sparse(_ values: [Int64], _ common: Int64) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(isSparse)]
        withUnsafeBytes(of: common.littleEndian) { bytes.append(contentsOf: $0) }
        for (place, value) in values.enumerated() where value != common {
            withUnsafeBytes(of: UInt32(place).littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    private static func unpack(sparse bytes: UnsafeRawBufferPointer, count: Int) throws(StoreError) -> [Int64] {
        func value(_ offset: Int) -> Int64 {
            Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
        }
        guard (bytes.count - head) % exception == 0 else { throw damaged }
        var values = [Int64](repeating: value(1), count: count)
        for offset in stride(from: head, to: bytes.count, by: exception) {
            let place = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            guard place < count else { throw damaged }
            values[place] = value(offset + 4)
        }
        return values
    }

    private static func values<Stored: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ count: Int, _ value: (Stored) -> Int64
    ) -> [Int64] {
        [Int64](unsafeUninitializedCapacity: count) { result, initialized in
            for index in 0..<count {
                let stored = bytes.loadUnaligned(
                    fromByteOffset: head + index * MemoryLayout<Stored>.size, as: Stored.self)
                result.initializeElement(at: index, to: value(stored))
            }
            initialized = count
        }
    }

    private static var damaged: StoreError {
        .schema("a packed day is damaged; 'DELETE FROM packed_days' makes customsd pack all days again")
    }
}
