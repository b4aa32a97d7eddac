import Record
import Testing
import Wire

/// Tests for the bytes before and after the record.
@Suite struct FramingTests {
    private static let time: Int64 = 1_795_234_380_123_456

    @Test(
        "headers before a record",
        arguments: [
            // RFC 5424
            ("<134>1 2026-11-21T04:13:00.123456Z nid1 customs 17 imports - ", time),
            ("<134>1 2026-11-21T06:13:00.123456+02:00 nid1 customs 17 imports - ", time),
            ("<134>1 2026-11-21T04:13:00.123456Z - - - - - ", time),
            ("<134>1 - - - - - - ", nil),
            ("<0>1 - - - - - - ", nil),
            ("<191>1 - - - - - - ", nil),
            ("<134>1 2026-11-21T04:13:00.123456Z h a p m - \u{FEFF}", time),
            ("<134>1 2026-11-21T04:13:00.123456Z h a p m - @cee:", time),
            ("<134>1 2026-11-21T04:13:00.123456Z h a p m - @cee: ", time),
            ("<134>1 2026-11-21T04:13:00.123456Z h a p m - \u{FEFF}@cee: ", time),
            ("<134>1 2026-11-21T04:13:00.123456Z h{x} a{ p m} - ", time),
            // its structured data
            (#"<134>1 - h a p m [timeQuality tzKnown="1"] "#, nil),
            (#"<134>1 - h a p m [a][b c="d"][e@1 f="" g="h i"] "#, nil),
            (#"<134>1 - h a p m [a b="{\"v\":1}"] "#, nil),
            (#"<134>1 - h a p m [a b="]{"] "#, nil),
            (#"<134>1 - h a p m [a b="\]\\\"{"] "#, nil),
            (#"<134>1 - h a p m [a b="\x"]"#, nil),
            ("<134>1 - h a p m [a b=\"\u{20AC}\"] @cee: ", nil),
            // RFC 3164
            ("<134>Nov 21 04:13:00 nid1 customs[17]: ", 1_795_234_380_000_000),
            ("<134>Nov 21 04:13:00 nid1 customs[17]: @cee: ", 1_795_234_380_000_000),
            ("<134>Nov 21 04:13:00 nid1 customs: @cee:", 1_795_234_380_000_000),
            ("<134>Nov 21 04:13:00 customs: ", 1_795_234_380_000_000),
            ("<134>2026-11-21T04:13:00.123456Z nid1 customs[17]: ", time),
            ("<134>2026-11-21T05:13:00.123456+01:00 nid1 customs[17]: @cee: ", time),
            ("<134>customs[17]: ", nil),
            ("<134>customs: @cee: ", nil),
            ("<134>nid1 customs[17]:", nil),
            // no header
            ("<134>", nil), ("<134> ", nil), ("<0>", nil), ("<7>@cee:", nil), ("<191>@cee: ", nil),
            ("", nil), (" ", nil), ("\n", nil), ("@cee:", nil), ("@cee: ", nil), ("\u{FEFF}", nil), ("\u{0}", nil),
            // as files keep them, without the priority
            ("Nov 21 04:13:00 nid1 customs[17]: ", 1_795_234_380_000_000),
            ("2026-11-21T04:13:00.123456+00:00 nid1 customs[17]: @cee: ", time),
            // mangled: a future version, a header within a header, missing fields, a malformed priority
            ("<134>2 2026-11-21T04:13:00.123456Z h a p m - ", nil),
            ("<13>Nov 21 04:13:00 relay <134>1 2026-11-21T04:13:00.123456Z h a p m - ", 1_795_234_380_000_000),
            ("<134>1 2026-11-21T04:13:00.123456Z nid1 customs - ", time),
            ("<134>1 2026-11-21T04:13:00.123456Z nid1 @cee: ", time),
            ("<134>1 ", nil), ("<134>1  ", nil), ("<134>1 2026-11-21T04:13:00.123456Z  h a p m - ", time),
            ("<134>1 - h a p m ", nil), ("<134>1 - h a p m x ", nil), ("<134>1 - h a p m -", nil),
            ("<134>1 - h a p m [a b=\"c\" ", nil),
            ("<192>", nil), ("<999>", nil), ("<1340>", nil), ("<>", nil), ("<-1>", nil), ("<a>", nil), ("<134", nil),
            ("< 134>", nil), ("<", nil),
        ] as [(String, Int64?)]) func headers(header: String, time: Int64?)
    {
        var reading = Reading()
        for trailer in ["", "\n", "\r\n", "\u{0}", "\n\u{0}", " ", "\t\n", "\u{0}\u{0}\u{0}", " \r\n\u{0} "] {
            let json = record(#""host":"n""#)
            let found = reading.parse(message: header + json + trailer)
            let start = header.utf8.count
            #expect(found == .accepted(headerTime: time, json: start..<start + json.utf8.count), "\(trailer.utf8)")
            #expect(reading.record.string(.host) == "n")
        }
    }

    @Test(
        "messages without a record",
        arguments: [
            ("", RejectReason.empty), (" ", .empty), ("\n", .empty), ("\u{0}", .empty), (" \t\r\n\u{0}", .empty),
            ("<134>", .noRecord), ("<134>\n", .noRecord), ("<134>1", .noRecord), ("<134>hello", .noRecord),
            ("<134>Nov 21 04:13:00 nid1 su: session opened", .noRecord), ("<134>@cee:", .noRecord),
            ("<134>1 - - - - - -", .noRecord), ("<134>1 - h a p m - hello", .noRecord),
            ("<134>1 2026-11-21T04:13:00Z h a p m [a b=\"c\"] hello", .noRecord), ("<134>[]", .noRecord),
            ("<134>2 - h a p m - hello", .noRecord), ("@cee:", .noRecord), ("@cee: []", .noRecord),
            ("hello", .noRecord), ("5", .noRecord), ("null", .noRecord), ("[]", .noRecord), ("\"a\"", .noRecord),
            ("[{\"v\":1}]", .badJSON), ("\"{}\"", .badJSON), ("-", .noRecord), ("}", .noRecord),
            ("\u{FEFF}", .noRecord),
            ("<13", .badHeader), ("<", .badHeader), ("<>", .badHeader), ("<192>hello", .badHeader),
            ("<1234>hello", .badHeader), ("<abc>hello", .badHeader), ("<134 hello", .badHeader),
            ("<134>1 ", .noRecord), ("<134>1 -", .badHeader), ("<134>1 2026-11-21T04:13:00Z h", .badHeader),
            ("<134>1 - h a p m", .badHeader), ("<134>1 - h a p m [a b=\"c", .badHeader),
            ("<134>1 - h a p m [a b=\"c\"", .badHeader), ("<134>1 yesterday h a p m - hello", .badHeader),
            ("<134>1 - h a p m hello", .badHeader),
            ("<134>{", .badJSON), ("<134>{}}", .badJSON), ("{}", .missingKey), ("<134>{}", .missingKey),
            ("<134>{} trailing", .badJSON), ("{}{}", .badJSON), ("[", .noRecord), ("[1,]", .noRecord),
            ("\"a", .noRecord),
            ("<134>1 - - - - - - {\"v\":2}", .unknownVersion), ("<134>@cee: {\"service\":\"x\"}", .otherService),
            ("<134>customs: {name}", .badJSON),
        ] as [(String, RejectReason)]) func withoutRecord(message: String, reason: RejectReason)
    {
        var reading = Reading()
        #expect(reading.parse(message: message) == .rejected(reason))
    }

    @Test("a header is no part of the record's size") func size() {
        var reading = Reading()
        let rest = 8_192 - record(#""x":"""#).utf8.count
        let json = record("\"x\":\"" + String(repeating: "a", count: rest) + "\"")
        let header = "<134>1 - - - - - [a b=\"" + String(repeating: "c", count: 9_000) + "\"] "
        guard case .accepted(_, let range) = reading.parse(message: header + json + "\n\n\n") else {
            Issue.record("rejected")
            return
        }
        #expect(range.count == 8_192)
        #expect(reading.parse(message: header + " " + json + "}") == .rejected(.tooLong))
        #expect(reading.parse(message: String(repeating: "x", count: 70_000)) == .rejected(.noRecord))
    }

    @Test("bytes that are no UTF-8 harm only within the record") func encoding() {
        var reading = Reading()
        let json = Array(record().utf8)
        let header = Array("<134>Nov 21 04:13:00 h".utf8) + [0xE9, 0xFF] + Array("te customs: ".utf8)
        #expect(
            reading.parse(message: header + json)
                == .accepted(headerTime: 1_795_234_380_000_000, json: header.count..<header.count + json.count))
        #expect(reading.parse(message: header + json.dropLast() + [0xFF]) == .rejected(.notUTF8))
    }

    @Test("the range that is returned can be read again") func readAgain() {
        var reading = Reading()
        let message = Array("<134>1 - h a p m - @cee: \(record(#""host":"n","pid":5"#)) \n\u{0}".utf8)
        guard case .accepted(_, let json) = reading.parse(message: message) else {
            Issue.record("rejected")
            return
        }
        let first = describe(reading.record)
        #expect(reading.parse(record: Array(message[json])) == nil)
        #expect(describe(reading.record) == first)
    }
}
