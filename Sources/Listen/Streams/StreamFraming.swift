import Glibc

/// Cuts a stream of bytes into messages (RFC 6587). A message begins with its length in digits and a space, or else is
/// a line that ends with a line feed or with NUL (section 3.4.2; Python's `SysLogHandler` sends NUL). The first byte of
/// each message tells which form it has.
///
/// It holds no bytes. The caller keeps unfinished bytes, never many more than `maximumMessageBytes`, and shows them
/// again together with those that follow.
public struct StreamFraming: Sendable {
    /// A record of 8,192 bytes with a generous header.
    public static let maximumMessageBytes = 8_192 + 2_048
    /// A length with more digits is not a length: the sender does not speak syslog.
    private static let maximumDigits = 7

    public enum Step: Equatable, Sendable {
        /// A message, and its range in the bytes shown.
        case message(Range<Int>)
        case fault(StreamFault)
        /// The rest holds no whole message.
        case needsMore
    }

    private enum State {
        case between
        /// Within a message that is too long, with this many bytes still to come.
        case skipping(Int)
        /// Within a line that is too long.
        case skippingLine
        case broken
    }

    private var state = State.between
    /// The number of bytes of the present line that have been searched for its end.
    private var searched = 0

    public init() {}

    /// The kind of bytes to skip after the finished ones.
    public enum PassedOver: Equatable, Sendable {
        case nothing
        /// This many bytes of a message that is too long.
        case bytes(Int)
        /// The rest of a line that is too long.
        case line
    }

    public var passedOver: PassedOver {
        switch state {
        case .skipping(let left): .bytes(left)
        case .skippingLine: .line
        case .between, .broken: .nothing
        }
    }

    /// Continues where another framing has ended.
    public init(behind passed: PassedOver) {
        state =
            switch passed {
            case .nothing: .between
            case .bytes(let left): .skipping(left)
            case .line: .skippingLine
            }
    }

    /// Whether the finished bytes end within a message.
    public var isWithinMessage: Bool { passedOver != .nothing }

    /// Finds the next message.
    ///
    /// - Returns: the finding, and the number of bytes that are finished with it.
    public mutating func next(in bytes: UnsafeRawBufferPointer) -> (step: Step, done: Int) {
        switch state {
        case .broken: return (.needsMore, bytes.count)
        case .skipping(let left):
            let passed = min(left, bytes.count)
            state = passed == left ? .between : .skipping(left - passed)
            if passed == left { return next(in: bytes, from: passed) }
            return (.needsMore, passed)
        case .skippingLine:
            guard let end = StreamFraming.lineEnd(in: bytes, from: 0) else { return (.needsMore, bytes.count) }
            state = .between
            return next(in: bytes, from: end + 1)
        case .between: return next(in: bytes, from: 0)
        }
    }

    /// Interprets the unfinished bytes at the stream's end: a line may lack its end.
    public mutating func end(of bytes: UnsafeRawBufferPointer) -> Step {
        guard case .between = state, let start = StreamFraming.start(in: bytes, from: 0) else { return .needsMore }
        switch length(in: bytes, from: start) {
        case .none: return .message(start..<bytes.count)
        case .incomplete, .count, .absurd: return .fault(.cutOff)
        }
    }

    private mutating func next(in bytes: UnsafeRawBufferPointer, from place: Int) -> (step: Step, done: Int) {
        guard let start = StreamFraming.start(in: bytes, from: place) else { return (.needsMore, bytes.count) }
        switch length(in: bytes, from: start) {
        case .incomplete: return (.needsMore, start)
        case .absurd:
            state = .broken
            return (.fault(.badFrame), bytes.count)
        case .count(let count, let digits):
            let first = start + digits + 1
            if count > StreamFraming.maximumMessageBytes {
                state = .skipping(count)
                return (.fault(.tooLong), first)
            }
            guard bytes.count - first >= count else { return (.needsMore, start) }
            return (.message(first..<first + count), first + count)
        case .none: return line(in: bytes, from: start)
        }
    }

    private mutating func line(in bytes: UnsafeRawBufferPointer, from start: Int) -> (step: Step, done: Int) {
        guard let end = StreamFraming.lineEnd(in: bytes, from: start + searched) else {
            searched = bytes.count - start
            guard searched > StreamFraming.maximumMessageBytes else { return (.needsMore, start) }
            searched = 0
            state = .skippingLine
            return (.fault(.tooLong), bytes.count)
        }
        searched = 0
        if end - start > StreamFraming.maximumMessageBytes { return (.fault(.tooLong), end + 1) }
        return (.message(start..<end), end + 1)
    }

    private enum Length {
        case count(Int, digits: Int)
        /// The digits have not ended yet.
        case incomplete
        case absurd
        /// Not a length, but a line.
        case none
    }

    /// A line may begin with a digit too, such as that of a date; only a space after the digits makes them a length.
    private func length(in bytes: UnsafeRawBufferPointer, from start: Int) -> Length {
        guard bytes[start] != UInt8(ascii: "0") else { return .none }
        var count = 0
        var place = start
        while place < bytes.count, bytes[place] >= UInt8(ascii: "0"), bytes[place] <= UInt8(ascii: "9") {
            if place - start == StreamFraming.maximumDigits { return .absurd }
            count = count * 10 + Int(bytes[place] - UInt8(ascii: "0"))
            place += 1
        }
        if place == start { return .none }
        if place == bytes.count { return .incomplete }
        return bytes[place] == UInt8(ascii: " ") ? .count(count, digits: place - start) : .none
    }

    /// The next byte that senders do not put between messages: they put line ends, NUL, blanks.
    private static func start(in bytes: UnsafeRawBufferPointer, from place: Int) -> Int? {
        var place = place
        while place < bytes.count {
            switch bytes[place] {
            case 0x0A, 0x0D, 0x00, 0x20: place += 1
            default: return place
            }
        }
        return nil
    }

    /// The length that is searched for a line feed before it is searched for NUL. Without it, a stream with only one of
    /// them would be searched to its end for the other, for each line.
    private static let stride = 1_024

    private static func lineEnd(in bytes: UnsafeRawBufferPointer, from place: Int) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var place = place
        while place < bytes.count {
            let count = min(stride, bytes.count - place)
            let lineFeed = memchr(base + place, 0x0A, count).map { UnsafeRawPointer($0) - base }
            if let null = memchr(base + place, 0x00, lineFeed.map { $0 - place } ?? count) {
                return UnsafeRawPointer(null) - base
            }
            if let lineFeed { return lineFeed }
            place += count
        }
        return nil
    }
}

/// The reason why a stream gives no message.
public enum StreamFault: Sendable, Equatable {
    /// A message longer than `StreamFraming.maximumMessageBytes`; it is skipped.
    case tooLong
    /// The expected length is not one, so the beginning of the next message is unknown.
    case badFrame
    /// The stream ended within a message.
    case cutOff
}
