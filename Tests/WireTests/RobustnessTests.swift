import Record
import Testing
import Wire

/// Every message gets an answer, and the same message always the same one.
@Suite struct RobustnessTests {
    private static let messages = [
        "<134>1 2026-11-21T04:13:00.123456Z nid1 customs 17 imports [a b=\"c\\\"\"] \u{FEFF}" + rich,
        "<134>Nov 21 04:13:00 nid1 customs[17]: @cee: " + rich,
        "<134>2026-11-21T04:13:00.123456Z nid1 customs[17]: " + rich,
        "<134>" + rich + "\n",
        rich,
    ]

    @Test("every truncation of a message is rejected, and every beginning that is lacking", arguments: messages)
    func truncations(message: String) {
        var reading = Reading()
        let bytes = Array(message.utf8)
        let record = bytes.firstIndex(of: UInt8(ascii: "{")) ?? 0
        let end = bytes.last == UInt8(ascii: "\n") ? bytes.count - 1 : bytes.count
        for count in 0..<end {
            let found = reading.parse(message: Array(bytes[..<count]))
            let reasons: [RejectReason] =
                count > record ? [.badJSON, .notUTF8] : count == 0 ? [.empty] : [.badHeader, .noRecord]
            guard case .rejected(let reason) = found, reasons.contains(reason) else {
                Issue.record("\(count) bytes: \(found)")
                continue
            }
        }
        for start in 0...record {
            guard case .accepted = reading.parse(message: Array(bytes[start...])) else {
                Issue.record("from byte \(start)")
                continue
            }
        }
    }

    @Test("a record is read alike wherever it lies and whatever was read before it") func repeatable() {
        var random = SplitMix64(state: 3)
        var used = Reading()
        for text in validDocuments + invalidDocuments {
            for json in [text, record("\"x\":\(text)"), "<134>\(text)"] {
                var fresh = Reading()
                let first = fresh.parse(message: json)
                #expect(used.parse(message: json) == first, "\(json)")
                #expect(used.parse(message: json) == first, "\(json)")
                if case .accepted = first { #expect(describe(used.record) == describe(fresh.record), "\(json)") }
                // At another place in memory, between bytes that would change its meaning if they were read.
                let bytes = Array(json.utf8)
                let before = Int.random(in: 0...17, using: &random)
                let around = Array(repeating: UInt8(ascii: "\""), count: before) + bytes + Array("\"}]} 1".utf8)
                let found = around.withUnsafeBytes { all in
                    used.parser.parse(
                        message: UnsafeRawBufferPointer(rebasing: all[before..<before + bytes.count]), arrival: arrival,
                        into: &used.record)
                }
                #expect(found == first, "\(json)")
            }
        }
    }

    @Test("a text that breaks off where the record's buffer ends") func endOfBuffer() {
        // A new record has room for 16,384 bytes; 16 of them stay after the text. A sanitizer sees one read beyond.
        let size = 16_384 - 16
        let limits = MessageParser.Limits(bytes: size)
        for text in invalidDocuments + ["{\"v\":1,\"host\":\"", "{\"v", "{\"v\":", "{\"is_staff\":f", "\u{1F600}"] {
            for head in ["", "{\"x\":", "{\"packages\":{\"a\":", "{\""] {
                let end = head + text
                // A few texts are completed by the text before them.
                if (try? JSONOracle.parse(Array(end.utf8))) != nil { continue }
                let json = String(repeating: " ", count: size - end.utf8.count) + end
                #expect(reason(json, limits: limits) == .badJSON, "\(end)")
            }
        }
        for (name, bytes) in invalidUTF8 {
            var reading = Reading(limits: limits)
            let json = Array(repeating: UInt8(ascii: " "), count: size - bytes.count) + bytes
            #expect(reading.parse(record: json) == .notUTF8, "\(name)")
        }
    }

    @Test("20 MB of noise", arguments: Noise.allCases) func noise(kind: Noise) {
        var random = SplitMix64(state: UInt64(kind.rawValue))
        var reading = Reading()
        var left = 20_000_000 / Noise.allCases.count
        var outcomes = Set<RejectReason>()
        while left > 0 {
            let message = kind.message(using: &random)
            left -= message.count
            switch reading.parse(message: message) {
            case .rejected(let reason): outcomes.insert(reason)
            case .accepted(_, let json):
                #expect(reading.parse(record: Array(message[json])) == nil)
                check(reading.record)
            }
        }
        #expect(outcomes.isSuperset(of: kind.outcomes), "\(outcomes)")
    }

    /// All ranges lie within the text, which is UTF-8 without NUL.
    private func check(_ record: UsageRecord) {
        var ranges = TextField.allCases.map { record[$0] } + record.direct
        for package in record.packages { ranges += [package.name, package.version] }
        if let canary = record.canary { ranges.append(canary.run) }
        for range in ranges where range.isPresent {
            #expect(range.start >= 0 && Int(range.start + range.count) <= record.text.count)
            let isText = record.withBytes(of: range) { String(validating: $0, as: UTF8.self) != nil && !$0.contains(0) }
            #expect(isText)
        }
    }
}

/// Kinds of random messages. Each reaches another depth of the parser.
enum Noise: Int, CaseIterable, Sendable {
    /// Bytes of every value.
    case bytes
    /// A priority and bytes that mean something in headers and in JSON.
    case tokens
    /// A good record with some bytes replaced.
    case damaged

    var outcomes: Set<RejectReason> {
        switch self {
        case .bytes: [.noRecord, .notUTF8]
        case .tokens: [.noRecord, .badHeader, .badJSON]
        case .damaged: [.badJSON, .notUTF8, .missingKey, .badValue]
        }
    }

    func message(using random: inout SplitMix64) -> [UInt8] {
        switch self {
        case .bytes:
            return (0..<Int.random(in: 1...2_000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
        case .tokens:
            let tokens = [
                "<134>", "1 ", "- ", "[a b=\"c\"] ", "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "d83d", "\"v\":1",
                "\"id\":", "\"packages\":{", "1", "-", ".", "e", "null", "true", " ", "\n", "Nov 21 04:13:00 ", "h ",
                "2026-11-21T04:13:00Z ", "@cee: ", "\u{0}", "\u{E9}",
            ]
            var message: [UInt8] = []
            for _ in 0..<Int.random(in: 1...100, using: &random) {
                message += Array((tokens.randomElement(using: &random) ?? "").utf8)
            }
            return message
        case .damaged:
            var message = Array("<134>1 2026-11-21T04:13:00.123456Z nid1 customs 17 imports - \(rich)".utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                message[Int.random(in: 0..<message.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            return message
        }
    }
}

/// A record with something of everything, and characters of every length.
private let rich = record(
    """
    "host":"n\u{E9}\u{20AC}\u{1F600}\\u00e9\\ud83d\\ude00\\n","pid":17,"elapsed":1.25e1,"is_compute":true,"end":"exit",\
    "direct":["a","b"],"packages":{"a":"1.0","b":null,"c\\u0000":"2"},"canary":{"run":"r","seq":1,"of":2},\
    "x":[1,{"y":[-0.5e-3,null,false,"z"]},{}],"event_timestamp":"2026-11-21T04:13:00.5Z"
    """)
