import Checksum
import CPQ

extension StagedTable.Kind {
    var postgresType: String {
        switch self {
        case .integer: "bigint"
        case .small: "integer"
        case .tiny: "smallint"
        case .text: "text COLLATE \"C\""
        case .bytes: "bytea"
        case .uuid: "uuid"
        }
    }
}

extension SQLValue {
    var postgresText: String? {
        switch self {
        case .null: nil
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .text(let value): value
        case .bytes(let value): "\\x" + value.hexadecimal
        }
    }

    /// Reads libpq's text form by the type's object id (`pg_type.dat`).
    init(postgresText text: String, type: Oid) {
        switch type {
        case 20, 21, 23, 26: self = Int64(text).map { .integer($0) } ?? .text(text)
        case 700, 701: self = Double(text).map { .real($0) } ?? .text(text)
        case 1700: self = Int64(text).map { .integer($0) } ?? Double(text).map { .real($0) } ?? .text(text)
        case 16: self = .integer(text == "t" ? 1 : 0)
        case 17: self = .bytes([UInt8](bytea: text))
        case 2950: self = .bytes([UInt8](hexadecimal: text.filter { $0 != "-" }[...]))
        default: self = .text(text)
        }
    }
}
