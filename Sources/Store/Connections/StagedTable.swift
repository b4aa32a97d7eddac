/// Takes the values of a row in the order of its columns.
public protocol RowWriter {
    mutating func integer(_ value: Int64)
    mutating func null()
    mutating func text(_ utf8: UnsafeRawBufferPointer)
    mutating func bytes(_ bytes: UnsafeRawBufferPointer)
    /// 16 bytes, the high ones first.
    mutating func uuid(high: UInt64, low: UInt64)
}

extension RowWriter {
    mutating func integer(_ value: Int64?) {
        if let value { integer(value) } else { null() }
    }

    /// A count that is 0 for most rows: null takes no room.
    mutating func integer(orNull value: Int64) {
        if value == 0 { null() } else { integer(value) }
    }

    mutating func text(_ string: String?) {
        guard var string else { return null() }
        string.withUTF8 { text(UnsafeRawBufferPointer($0)) }
    }
}

/// A temporary table for rows in bulk, or a table of the schema that takes them directly.
public struct StagedTable: Sendable {
    public enum Kind: Sendable {
        case integer, text, bytes, uuid
        /// Integers of 4 and of 2 bytes; only in tables of the schema.
        case small, tiny
    }

    public let name: String
    public let columns: [(name: String, kind: Kind)]

    public init(_ name: String, _ columns: [(name: String, kind: Kind)]) {
        self.name = name
        self.columns = columns
    }
}
