/// The transitions of a time zone, from a file of the time zone database (RFC 9636, "TZif"), and the rule for the time
/// after the last of them.
struct ZoneTable: Sendable, Equatable {
    /// Seconds since 1970 UTC, in rising order.
    private let transitions: [Int64]
    /// Seconds east of UTC from each transition on.
    private let offsets: [Int64]
    /// Seconds east of UTC before the first transition.
    private let first: Int64
    private let rule: ZoneRule?

    /// nil if the bytes are no such file.
    init?(_ bytes: [UInt8]) {
        guard let old = Block(bytes, at: 0, width: 4) else { return nil }
        guard bytes[4] != 0 else {
            self.init(old, rule: nil)
            return
        }
        // since version 2 the same follows with times of eight bytes, and then a rule between line ends
        guard let block = Block(bytes, at: old.end, width: 8) else { return nil }
        let footer = bytes[block.end...].dropFirst().prefix { $0 != UInt8(ascii: "\n") }
        self.init(block, rule: ZoneRule(String(decoding: footer, as: UTF8.self)))
    }

    private init(_ block: Block, rule: ZoneRule?) {
        transitions = block.transitions
        offsets = block.types.map { block.offsets[$0] }
        first = block.offsets.first ?? 0
        self.rule = rule
    }

    /// - Parameter second: since 1970 UTC.
    func offset(at second: Int64) -> Int64 {
        guard let last = transitions.last, second < last else {
            return rule?.offset(at: second) ?? offsets.last ?? first
        }
        let next = transitions.firstIndex { $0 > second } ?? transitions.count
        return next == 0 ? first : offsets[next - 1]
    }
}

/// A header and its data.
private struct Block {
    let transitions: [Int64]
    /// The index of the offset from each transition on.
    let types: [Int]
    let offsets: [Int64]
    /// The position after it.
    let end: Int

    private static let header = 44

    /// - Parameter width: bytes of a time.
    init?(_ bytes: [UInt8], at start: Int, width: Int) {
        guard bytes.count >= start + Block.header, bytes[start..<start + 4].elementsEqual("TZif".utf8) else {
            return nil
        }
        func number(_ place: Int, _ width: Int) -> Int64 {
            let bits = bytes[place..<place + width].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return width == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
        }
        let counts = (0..<6).map { Int(number(start + 20 + $0 * 4, 4)) }
        let (times, kinds) = (counts[3], counts[4])
        guard counts.allSatisfy({ (0...10_000).contains($0) }), kinds > 0 else { return nil }
        let data = start + Block.header
        let typesAt = data + times * width
        let kindsAt = typesAt + times
        end = kindsAt + kinds * 6 + counts[5] + counts[2] * (width + 4) + counts[1] + counts[0]
        guard bytes.count >= end else { return nil }
        transitions = (0..<times).map { number(data + $0 * width, width) }
        types = bytes[typesAt..<kindsAt].map { Int($0) }
        offsets = (0..<kinds).map { number(kindsAt + $0 * 6, 4) }
        guard types.allSatisfy({ $0 < kinds }) else { return nil }
    }
}
