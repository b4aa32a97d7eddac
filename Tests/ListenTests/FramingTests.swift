import Listen
import Testing

@Suite struct FramingTests {
    /// Something found in a stream, however the stream is cut.
    private enum Found: Equatable, CustomStringConvertible {
        case message(String)
        case fault(StreamFault)
        /// Behind the end of the last line.
        case rest(String)

        var description: String {
            switch self {
            case .message(let text): "message \(text.prefix(20)) of \(text.utf8.count)"
            case .fault(let fault): "\(fault)"
            case .rest(let text): "rest \(text.prefix(20))"
            }
        }
    }

    /// Shows the framing the stream in pieces, as a connection does.
    ///
    /// - Parameter isHandedOver: whether a new framing goes on after each piece, as in another process.
    private func read(_ stream: [UInt8], isHandedOver: Bool = false, pieces: () -> Int) -> [Found] {
        var framing = StreamFraming()
        var kept: [UInt8] = []
        var found: [Found] = []
        var place = 0
        while place < stream.count {
            let piece = min(pieces(), stream.count - place)
            kept += stream[place..<place + piece]
            place += piece
            while true {
                let (step, done) = kept.withUnsafeBytes { framing.next(in: $0) }
                if case .message(let range) = step { found.append(.message(text(kept[range]))) }
                if case .fault(let fault) = step { found.append(.fault(fault)) }
                kept.removeFirst(done)
                if step == .needsMore { break }
            }
            if isHandedOver { framing = StreamFraming(behind: framing.passedOver) }
            #expect(kept.count <= StreamFraming.maximumMessageBytes + 16, "what is kept is bounded")
        }
        switch kept.withUnsafeBytes({ framing.end(of: $0) }) {
        case .message(let range): found.append(.rest(text(kept[range])))
        case .fault(let fault): found.append(.fault(fault))
        case .needsMore: break
        }
        return found
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private func read(_ stream: String) -> [Found] { read(Array(stream.utf8), pieces: { .max }) }

    @Test("a length and a space, or a line: each message says which by its first byte") func forms() {
        #expect(read("5 hello6 world!") == [.message("hello"), .message("world!")])
        #expect(read("<1>a\n<2>b\n") == [.message("<1>a"), .message("<2>b")])
        #expect(read("<1>a\n3 b\nc{}\n") == [.message("<1>a"), .message("b\nc"), .message("{}")])
        #expect(read("2 ab\n2 cd\n") == [.message("ab"), .message("cd")], "some senders do both")
        #expect(read("\n\r\n\0 {}\r\n\n") == [.message("{}\r")])
        #expect(read("2026-11-21T00:00:00Z h {}\n") == [.message("2026-11-21T00:00:00Z h {}")], "a date is no length")
        #expect(read("0 {}\n") == [.message("0 {}")])
        #expect(read("").isEmpty)
    }

    @Test("NUL ends a line too, and no empty message stands between it and a line feed") func null() {
        #expect(read("<1>a\0<2>b\0") == [.message("<1>a"), .message("<2>b")])
        #expect(read("<1>a\0\n<2>b\n\0<3>c\r\n\0\0\n") == [.message("<1>a"), .message("<2>b"), .message("<3>c\r")])
        #expect(
            read("<1>a\03 b\0c<2>d\n4 <3>e\0<4>f\0")
                == [.message("<1>a"), .message("b\0c"), .message("<2>d"), .message("<3>e"), .message("<4>f")],
            "a length counts it as any other byte")
        #expect(read("<1>a\0<2>b") == [.message("<1>a"), .rest("<2>b")])
        let limit = StreamFraming.maximumMessageBytes
        let fits = String(repeating: "x", count: limit)
        #expect(read("\(fits)\0{}\0") == [.message(fits), .message("{}")])
        #expect(
            read("\(fits)x\0{}\0\(fits)x\n{}\n") == [
                .fault(.tooLong), .message("{}"), .fault(.tooLong), .message("{}"),
            ])
        // lengths on both sides of the search's stride
        for length in [1_020, 1_023, 1_024, 1_025, 2_048, 2_049] {
            let line = String(repeating: "y", count: length)
            for (first, second) in [("\n", "\0"), ("\0", "\n"), ("\0", "\0")] {
                #expect(read(line + first + line + second + "z") == [.message(line), .message(line), .rest("z")])
            }
        }
    }

    @Test("what the end of the stream cuts off") func ends() {
        #expect(read("<1>a\n<2>b") == [.message("<1>a"), .rest("<2>b")])
        #expect(read("5 hello5 wor") == [.message("hello"), .fault(.cutOff)])
        #expect(read("5 hello5 ") == [.message("hello"), .fault(.cutOff)])
        #expect(read("5 hello12") == [.message("hello"), .fault(.cutOff)])
        #expect(read("5 hello\n") == [.message("hello")])
    }

    @Test("what is too long is passed over once, and what follows is read") func long() {
        let limit = StreamFraming.maximumMessageBytes
        let fits = String(repeating: "x", count: limit)
        #expect(read("\(limit) \(fits){}\n") == [.message(fits), .message("{}")])
        #expect(read("\(limit + 1) \(fits)x2 {}") == [.fault(.tooLong), .message("{}")])
        #expect(read("\(fits)\n{}\n") == [.message(fits), .message("{}")])
        #expect(read("\(fits)x\n{}\n") == [.fault(.tooLong), .message("{}")])
        #expect(read("\(limit * 9) \(String(repeating: fits, count: 9))2 {}") == [.fault(.tooLong), .message("{}")])
        #expect(read("\(limit + 1) \(fits)") == [.fault(.tooLong)], "counted once, though it is cut off too")
        #expect(read("\(fits)xyz") == [.fault(.tooLong)])
    }

    @Test("behind a length that is none nothing can be found") func absurd() {
        #expect(read("12345678 {}\n5 hello") == [.fault(.badFrame)])
        #expect(read("99999999999999999999999999") == [.fault(.badFrame)])
    }

    @Test("how the stream is cut changes nothing", arguments: 1...8 as ClosedRange<UInt64>)
    func cuts(seed: UInt64) {
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var stream: [UInt8] = []
        var expected: [Found] = []
        for number in 0..<200 {
            let length = random(20) == 0 ? StreamFraming.maximumMessageBytes - 3 + random(8) : 1 + random(60)
            let body = "<" + String(repeating: "a", count: length - 1)
            if random(2) == 0 {
                stream += Array("\(length) \(body)".utf8)
            } else {
                stream += Array("\(body)\(random(2) == 0 ? "\n" : "\0")".utf8)
            }
            expected.append(length > StreamFraming.maximumMessageBytes ? .fault(.tooLong) : .message(body))
            if number % 7 == 0 { stream.append(0x0A) }
        }
        #expect(read(stream, pieces: { .max }) == expected)
        #expect(read(stream, pieces: { 1 }) == expected)
        for size in [7, 1_000, 20_000] { #expect(read(stream, pieces: { 1 + random(size) }) == expected) }
        // some are far too long, so that pieces end within them
        let long = String(repeating: "x", count: 30_000)
        stream += Array("30000 \(long)2 ab<\(long)\n2 cd".utf8)
        expected += [.fault(.tooLong), .message("ab"), .fault(.tooLong), .message("cd")]
        for size in [1, 7, 1_000, 20_000] {
            #expect(read(stream, isHandedOver: true, pieces: { 1 + random(size) }) == expected)
        }
    }

    @Test("any bytes at all are read to the end within the bound", arguments: 1...20 as ClosedRange<UInt64>)
    func noise(seed: UInt64) {
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let alphabet = Array("0123456789 \n\r\0<>{}ab".utf8) + [0xFF]
        let stream = (0..<40_000).map { _ in alphabet[random(random(3) == 0 ? alphabet.count : 12)] }
        _ = read(stream, pieces: { 1 + random(3_000) })
    }
}
