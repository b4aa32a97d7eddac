import CPQ

/// Encodes rows for COPY BINARY.
public struct CopyWriter: RowWriter {
    private let buffer: CopyBuffer
    private let kinds: [StagedTable.Kind]
    private var column = 0

    fileprivate init(buffer: CopyBuffer, kinds: [StagedTable.Kind]) {
        self.buffer = buffer
        self.kinds = kinds
    }

    fileprivate mutating func begin() {
        column = 0
        buffer.row(columns: kinds.count)
    }

    public mutating func integer(_ value: Int64) {
        switch kinds[column] {
        case .small: buffer.field(small: value)
        case .tiny: buffer.field(tiny: value)
        default: buffer.field(value)
        }
        column += 1
    }

    public mutating func null() {
        buffer.null()
        column += 1
    }

    public mutating func text(_ utf8: UnsafeRawBufferPointer) { bytes(utf8) }

    public mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
        buffer.field(bytes)
        column += 1
    }

    public mutating func uuid(high: UInt64, low: UInt64) {
        buffer.field(high: high, low: low)
        column += 1
    }
}

/// Sends rows by COPY BINARY (PostgreSQL manual, COPY).
extension PostgresConnection {
    public typealias Writer = CopyWriter

    public func stage(
        _ table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void
    ) throws(StoreError) {
        try copyRows("pg_temp.\(table.name)", table.columns.map { $0.kind }, count: count, row)
    }

    public func append(
        to table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void
    ) throws(StoreError) {
        let columns = table.columns.map { $0.name }.joined(separator: ", ")
        try copyRows("customs.\(table.name) (\(columns))", table.columns.map { $0.kind }, count: count, row)
    }

    private func copyRows(
        _ target: String, _ kinds: [StagedTable.Kind], count: Int, _ row: (Int, inout Writer) -> Void
    ) throws(StoreError) {
        try begin(copy: "COPY \(target) FROM STDIN (FORMAT binary)")
        copy.begin()
        var writer = CopyWriter(buffer: copy, kinds: kinds)
        for index in 0..<count {
            writer.begin()
            row(index, &writer)
            if copy.bytes.count > CopyBuffer.chunk {
                try put(copy.bytes)
                copy.forget()
            }
        }
        copy.end()
        try put(copy.bytes)
        try finishCopy()
    }

    private func begin(copy sql: String) throws(StoreError) {
        let result = try activity.watching { () throws(StoreError) in PQexec(handle, sql) }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_IN else { throw failure(result) }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        let sent = try activity.watching { () throws(StoreError) in
            PQputCopyData(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        guard sent == 1 else { throw .unavailable(oneLine(String(cString: PQerrorMessage(handle)))) }
    }

    private func finishCopy() throws(StoreError) {
        guard try activity.watching({ () throws(StoreError) in PQputCopyEnd(handle, nil) }) == 1 else {
            throw .unavailable(oneLine(String(cString: PQerrorMessage(handle))))
        }
        var refusal: StoreError?
        while let result = try activity.watching({ () throws(StoreError) in PQgetResult(handle) }) {
            if PQresultStatus(result) != PGRES_COMMAND_OK, refusal == nil { refusal = failure(result) }
            PQclear(result)
        }
        if let refusal { throw refusal }
    }
}
