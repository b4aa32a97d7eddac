import Record

/// Reads syslog messages that carry a JSON record (version 1, or the older one-library form) into a `UsageRecord`.
///
/// One parser and one record serve any number of messages; once the record's buffers have grown to the limits, reading
/// allocates nothing. The parser checks the JSON against RFC 8259 to the last byte, whatever its keys. It is lenient
/// with headers that relays have mangled, as long as it finds a record after them.
public struct MessageParser: Sendable {
    /// Limits of a record; each has a reject reason of its own.
    public struct Limits: Sendable, Equatable {
        /// The size of the JSON text, in bytes without the white space around it.
        public var bytes = 8_192
        /// The greatest depth of nested arrays and objects, the record itself included; at most 512.
        public var depth = 512
        /// The largest number of members of `packages`, and of elements of `direct`.
        public var packages = 1_024

        public init(bytes: Int = 8_192, depth: Int = 512, packages: Int = 1_024) {
            self.bytes = bytes
            self.depth = depth
            self.packages = packages
        }
    }

    private let limits: Limits
    private let lastYear: Int?
    private let keys = KeyTable.shared

    /// - Parameter lastYear: the latest year for RFC 3164 times, which have none; nil for no limit.
    public init(limits: Limits = Limits(), lastYear: Int? = nil) {
        var limits = limits
        limits.bytes = min(limits.bytes, Int(Int32.max) - JSONScanner.padding)
        limits.depth = min(limits.depth, NestingStack.capacity)
        self.limits = limits
        self.lastYear = lastYear
    }

    /// Reads a whole message as it came from the network or a file.
    ///
    /// - Parameters:
    ///   - arrival: the time of arrival, in microseconds since 1970 UTC. An RFC 3164 time gets the latest year that
    ///     puts it at most one day after the arrival.
    ///   - record: filled if the message is accepted, otherwise without meaning.
    public mutating func parse(
        message: UnsafeRawBufferPointer, arrival: Int64, into record: inout UsageRecord
    ) -> ParsedMessage {
        guard let header = SyslogHeader(of: message, arrival: arrival, lastYear: lastYear) else {
            return .rejected(.empty)
        }
        guard let json = header.record else { return .rejected(header.isMalformed ? .badHeader : .noRecord) }
        if let reason = parse(record: UnsafeRawBufferPointer(rebasing: message[json]), into: &record) {
            return .rejected(reason)
        }
        return .accepted(headerTime: header.time, json: json)
    }

    /// Reads a JSON record without a header, as the journal keeps it.
    ///
    /// - Parameter record: filled if the result is nil, otherwise without meaning.
    /// - Returns: nil if the record is accepted.
    public mutating func parse(record json: UnsafeRawBufferPointer, into record: inout UsageRecord) -> RejectReason? {
        guard json.count <= limits.bytes else { return .tooLong }
        record.reset()
        // The record's text is a copy of the JSON in which escapes are replaced in place: a string never grows by that.
        // Moving the array out and back keeps it unique while the other fields are written.
        var text: [UInt8] = []
        swap(&text, &record.text)
        text.append(contentsOf: json)
        withUnsafeBytes(of: MessageParser.padding) { text.append(contentsOf: $0) }
        let reason = text.withUnsafeMutableBufferPointer { read($0, into: &record) }
        text.removeLast(JSONScanner.padding)
        swap(&text, &record.text)
        return reason
    }

    private static let padding = InlineArray<16, UInt8>(repeating: 0)

    private func read(_ padded: UnsafeMutableBufferPointer<UInt8>, into record: inout UsageRecord) -> RejectReason? {
        guard let base = padded.baseAddress else { return .empty }
        let count = padded.count - JSONScanner.padding
        guard isUTF8(UnsafePointer(base), count: count) else { return .notUTF8 }
        var reader = RecordReader(
            scanner: JSONScanner(base, count: count, depthLimit: limits.depth), keys: keys,
            packageLimit: limits.packages)
        do {
            return try reader.read(into: &record)
        } catch {
            switch error {
            case .syntax: return .badJSON
            case .depth: return .tooDeep
            }
        }
    }
}

/// The outcome of parsing a message.
public enum ParsedMessage: Sendable, Equatable {
    /// - Parameters:
    ///   - headerTime: the time in the syslog header, in microseconds since 1970 UTC; nil if it has no valid one.
    ///   - json: the range of the JSON record in the message, in bytes, without white space after it.
    case accepted(headerTime: Int64?, json: Range<Int>)
    case rejected(RejectReason)
}
