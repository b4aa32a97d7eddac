import Record
import Wire

/// The time at which the messages of the tests arrive: 2026-11-21T04:13:00Z.
let arrival: Int64 = 1_795_234_380_000_000

/// The smallest valid record, open for more members: `record(#""pid":1"#)`.
func record(_ members: String = "") -> String {
    #"{"v":1,"id":"000102030405060708090a0b0c0d0e0f","packages":{}"# + (members.isEmpty ? "" : "," + members) + "}"
}

/// Calls `body` with a copy of `bytes` that has exactly its length in memory, so that a sanitizer sees reads outside of
/// it.
func withExactCopy<Result>(of bytes: [UInt8], _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return body(UnsafeRawBufferPointer(copy))
}

/// A parser and a record in use for one message after the other, as in the daemon.
struct Reading {
    var parser: MessageParser
    var record = UsageRecord()

    init(limits: MessageParser.Limits = MessageParser.Limits()) { self.init(parser: MessageParser(limits: limits)) }

    init(parser: MessageParser) { self.parser = parser }

    mutating func parse(record json: [UInt8]) -> RejectReason? {
        withExactCopy(of: json) { parser.parse(record: $0, into: &record) }
    }

    mutating func parse(record json: String) -> RejectReason? { parse(record: Array(json.utf8)) }

    mutating func parse(message: [UInt8], arrival: Int64 = arrival) -> ParsedMessage {
        withExactCopy(of: message) { parser.parse(message: $0, arrival: arrival, into: &record) }
    }

    mutating func parse(message: String, arrival: Int64 = arrival) -> ParsedMessage {
        parse(message: Array(message.utf8), arrival: arrival)
    }
}

/// The reason for which a record is rejected; nil if it is accepted.
func reason(_ json: String, limits: MessageParser.Limits = MessageParser.Limits()) -> RejectReason? {
    var reading = Reading(limits: limits)
    return reading.parse(record: json)
}

func reason(_ json: [UInt8]) -> RejectReason? {
    var reading = Reading()
    return reading.parse(record: json)
}

/// A record that is accepted, or the reason why it is not.
func accepted(_ json: String) throws -> UsageRecord {
    var reading = Reading()
    if let reason = reading.parse(record: json) { throw Rejected(reason: reason) }
    return reading.record
}

struct Rejected: Error, Equatable {
    let reason: RejectReason
}

/// A sequence of numbers that is the same on every run (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number
/// Generators*).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
