import Glibc
import Record

/// A time zone: how far its clocks are ahead of UTC at each moment.
public struct Zone: Sendable, Equatable {
    public static let utc = Zone(rules: .fixed(0))

    /// A text that names no time zone.
    public struct Malformed: Error, CustomStringConvertible {
        let text: String
        /// Whether this machine knows zones by their names.
        let hasNames: Bool

        public var description: String {
            hasNames
                ? "'\(text)': write a time zone as Europe/Berlin, or as an offset such as +01:00"
                : "'\(text)': write an offset such as +01:00; this machine has no database of time zones (tzdata)"
        }
    }

    private enum Rules: Sendable, Equatable {
        /// Seconds east of UTC.
        case fixed(Int64)
        case table(ZoneTable)
    }

    private let rules: Rules

    private init(rules: Rules) { self.rules = rules }

    /// - Parameters:
    ///   - text: `UTC`, a name in the time zone database (`Europe/Berlin`), or an offset such as `+05:30` or `-08:00`.
    ///   - database: the folder of the machine's time zone database.
    public init(_ text: String, database: String = "/usr/share/zoneinfo") throws(Malformed) {
        if text == "UTC" || text == "Z" {
            self = .utc
        } else if let offset = Zone.offset(text) {
            rules = .fixed(offset)
        } else if Zone.isName(text), let table = ZoneTable(contents(of: "\(database)/\(text)")) {
            rules = .table(table)
        } else {
            throw Malformed(text: text, hasNames: access(database, R_OK) == 0)
        }
    }

    /// The date on the zone's calendars, as the UTC day of the same date.
    ///
    /// - Parameter now: microseconds since 1970 UTC.
    func day(at now: Int64) -> Int {
        Int(Calendar.day(ofMicroseconds: now + offset(at: now / 1_000_000) * 1_000_000))
    }

    /// The moment at which the zone's clocks show a time. Of a time that they skip or show twice it is one of those
    /// within an hour.
    ///
    /// - Parameter local: what the clocks show, in microseconds as if it were UTC.
    /// - Returns: microseconds since 1970 UTC.
    func moment(of local: Int64) -> Int64 {
        let second = local / 1_000_000
        let near = second - offset(at: second)
        return local - offset(at: second - offset(at: near)) * 1_000_000
    }

    /// Seconds east of UTC.
    ///
    /// - Parameter second: since 1970 UTC.
    private func offset(at second: Int64) -> Int64 {
        switch rules {
        case .fixed(let offset): offset
        case .table(let table): table.offset(at: second)
        }
    }

    /// `+hh:mm` in seconds.
    private static func offset(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"),
            bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-")
        else { return nil }
        let digits = [1, 2, 4, 5].map { Int64(bytes[$0]) - Int64(UInt8(ascii: "0")) }
        let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        guard digits.allSatisfy({ (0...9).contains($0) }), hours <= 23, minutes <= 59 else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return bytes[0] == UInt8(ascii: "-") ? -seconds : seconds
    }

    /// Whether a text is a name as the database has them, and leads nowhere else.
    private static func isName(_ text: String) -> Bool {
        text.first?.isLetter == true
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                    UInt8(ascii: "+"):
                    true
                default: false
                }
            }
    }
}

/// The bytes of a small file; empty if it cannot be read.
private func contents(of path: String) -> [UInt8] {
    guard let file = fopen(path, "re") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes.prefix(count))
}
